/* SPDX-License-Identifier: GPL-2.0 */
/* What bindgen reads for the names that kernel::bindings lacks; see bindgen_parameters. */
#include <linux/crc32c.h>
#include <linux/filelock.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/posix_acl_xattr.h>
#include <linux/pseudo_fs.h>
#include <linux/random.h>
#include "../helpers/helpers.h"
