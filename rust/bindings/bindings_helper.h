/* SPDX-License-Identifier: GPL-2.0 */
/* What bindgen reads for the names that kernel::bindings lacks; see bindgen_parameters. */
#include <linux/blkdev.h>
#include <linux/crc32c.h>
#include <linux/exportfs.h>
#include <linux/fadvise.h>
#include <linux/filelock.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/fserror.h>
#include <linux/iomap.h>
#include <linux/posix_acl_xattr.h>
#include <linux/pseudo_fs.h>
#include <linux/random.h>
#include <linux/vmalloc.h>
#include <linux/xz.h>
#include <linux/zlib.h>
#include <linux/zstd.h>
#include "../helpers/helpers.h"
#include "../helpers/trace.h"

/* Constants whose macros bindgen cannot evaluate. */
static const unsigned int COFS_SB_RDONLY = SB_RDONLY;
static const unsigned int COFS_SB_ACTIVE = SB_ACTIVE;
static const unsigned int COFS_SB_NOATIME = SB_NOATIME;
static const unsigned int COFS_SB_POSIXACL = SB_POSIXACL;
static const unsigned int COFS_BLK_OPEN_READ = (__force unsigned int)BLK_OPEN_READ;
static const gfp_t COFS_GFP_NOFS = GFP_NOFS;
static const gfp_t COFS_GFP_NOWAIT = GFP_NOWAIT;
static const gfp_t COFS_GFP_KERNEL = GFP_KERNEL;
static const gfp_t COFS_GFP_READ = GFP_NOFS | __GFP_NORETRY | __GFP_NOWARN;
static const unsigned int COFS_GETFSLABEL = FS_IOC_GETFSLABEL;
static const unsigned int COFS_FMODE_CAN_ODIRECT = (__force unsigned int)FMODE_CAN_ODIRECT;
static const unsigned int COFS_FOP_DONTCACHE = (__force unsigned int)FOP_DONTCACHE;
static const unsigned int COFS_IOCB_DONTCACHE = (__force unsigned int)IOCB_DONTCACHE;
static const int COFS_WORK_CPU_UNBOUND = WORK_CPU_UNBOUND;
static const unsigned int COFS_FMODE_RANDOM = (__force unsigned int)FMODE_RANDOM;
static const unsigned int COFS_FMODE_NOWAIT = (__force unsigned int)FMODE_NOWAIT;
static const unsigned int COFS_FOP_BUFFER_RASYNC = (__force unsigned int)FOP_BUFFER_RASYNC;
static const unsigned int COFS_IOCB_NOWAIT = (__force unsigned int)IOCB_NOWAIT;
