// SPDX-License-Identifier: GPL-2.0
/* The module's parameters: those of Rust's module! are integers, and not seen in sysfs. */
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/string.h>

#include "helpers.h"

static int linger_mb = -1;
module_param(linger_mb, int, 0444);
MODULE_PARM_DESC(linger_mb, "MiB that content may keep when no image of it is mounted (-1: no bound)");

int cofs_linger_mb(void)
{
	return READ_ONCE(linger_mb);
}

void cofs_set_linger_mb(int mb)
{
	WRITE_ONCE(linger_mb, mb);
}

static unsigned int worker_delay_ms = 100;
module_param(worker_delay_ms, uint, 0644);
MODULE_PARM_DESC(worker_delay_ms, "after how long a worker decodes what nobody has come for");

unsigned int cofs_worker_delay_ms(void)
{
	return READ_ONCE(worker_delay_ms);
}

/* As which type it is mounted: read once, when the module is loaded. */
static char *fsname = "cofs";
module_param(fsname, charp, 0444);
MODULE_PARM_DESC(fsname, "name of the file system type: cofs, or erofs where the kernel's own is not loaded");

int cofs_fsname(void)
{
	if (!strcmp(fsname, "erofs"))
		return COFS_AS_EROFS;
	return strcmp(fsname, "cofs") ? -EINVAL : COFS_AS_COFS;
}

/* Read and written under kernel_param_lock(). */
static char default_domain[COFS_DOMAIN_MAX + 1];

static int default_domain_set(const char *val, const struct kernel_param *kp)
{
	size_t len = strlen(val);

	/* What echo appends. */
	if (len && val[len - 1] == '\n')
		len--;
	if (len > COFS_DOMAIN_MAX)
		return -ENAMETOOLONG;
	memcpy(default_domain, val, len);
	default_domain[len] = '\0';
	return 0;
}

static int default_domain_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", default_domain);
}

static const struct kernel_param_ops default_domain_ops = {
	.set = default_domain_set,
	.get = default_domain_get,
};

/* Whoever knows a domain can share in it: for root's eyes only. */
module_param_cb(default_domain, &default_domain_ops, NULL, 0600);
MODULE_PARM_DESC(default_domain, "domain of mounts that name none; empty: such mounts do not share");

/* Copies the default domain, without a NUL, into COFS_DOMAIN_MAX bytes; returns its length. */
size_t cofs_default_domain(char *out)
{
	size_t len;

	kernel_param_lock(THIS_MODULE);
	len = strlen(default_domain);
	memcpy(out, default_domain, len);
	kernel_param_unlock(THIS_MODULE);
	return len;
}

static bool default_verify;

static int default_share_set(const char *val, const struct kernel_param *kp)
{
	if (sysfs_streq(val, "verify"))
		WRITE_ONCE(default_verify, true);
	else if (sysfs_streq(val, "claim"))
		WRITE_ONCE(default_verify, false);
	else
		return -EINVAL;
	return 0;
}

static int default_share_get(char *buffer, const struct kernel_param *kp)
{
	return sysfs_emit(buffer, "%s\n", READ_ONCE(default_verify) ? "verify" : "claim");
}

static const struct kernel_param_ops default_share_ops = {
	.set = default_share_set,
	.get = default_share_get,
};

module_param_cb(default_share, &default_share_ops, NULL, 0644);
MODULE_PARM_DESC(default_share, "share= of mounts that do not say: claim or verify");

bool cofs_default_verify(void)
{
	return READ_ONCE(default_verify);
}

static unsigned int verify_open_kb = 1024;
module_param(verify_open_kb, uint, 0644);
MODULE_PARM_DESC(verify_open_kb, "KiB that a file has at most which share=verify hashes when it is opened");

unsigned int cofs_verify_open_kb(void)
{
	return READ_ONCE(verify_open_kb);
}
