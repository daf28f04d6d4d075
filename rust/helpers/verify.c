// SPDX-License-Identifier: GPL-2.0
/* What checking content takes: reading all of a mapping, hashes, priorities. */
#include "helpers.h"

#include <linux/blkdev.h>
#include <linux/device-mapper.h>
#include <linux/ioprio.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <uapi/linux/sched/types.h>

void cofs_folio_set_checked(struct folio *folio)
{
	folio_set_checked(folio);
}

bool cofs_folio_take_checked(struct folio *folio)
{
	if (!folio_test_checked(folio))
		return false;
	folio_clear_checked(folio);
	return true;
}

bool cofs_in_task(void)
{
	return in_task();
}

void cofs_cond_resched(void)
{
	cond_resched();
}

/* Starts to read ahead, as for who reads the mapping from its start to its end. */
void cofs_scan_ahead(struct address_space *mapping, struct file_ra_state *ra, pgoff_t index,
		     pgoff_t end, bool drop_behind)
{
	struct folio *folio = __filemap_get_folio(mapping, index, FGP_DONTCACHE, 0);
	DEFINE_READAHEAD(ractl, NULL, ra, mapping, index);

	ractl.dropbehind = drop_behind;
	ra->prev_pos = (loff_t)index << PAGE_SHIFT;
	cofs_ra(&ractl, folio, end);
}

/* The folio at index, uptodate and to be put. One that is to be dropped behind stays so. */
struct folio *cofs_scan_folio(struct address_space *mapping, pgoff_t index)
{
	struct folio *folio = __filemap_get_folio(mapping, index, FGP_DONTCACHE, 0);
	int ret;

	if (!IS_ERR(folio)) {
		ret = folio_wait_locked_killable(folio);
		if (!ret && folio_test_uptodate(folio))
			return folio;
		folio_put(folio);
		if (ret)
			return ERR_PTR(ret);
	}
	return read_mapping_folio(mapping, index, NULL);
}

/*
 * Locks a folio that is still of the mapping, for some stores: the holder must not sleep, and is not
 * preempted, for whoever waits for the lock may be of a higher priority.
 */
bool cofs_folio_lock_in_place(struct folio *folio, struct address_space *mapping)
{
	for (;;) {
		preempt_disable();
		if (folio_trylock(folio))
			break;
		preempt_enable();
		folio_wait_locked(folio);
	}
	if (folio->mapping == mapping)
		return true;
	cofs_folio_unlock_in_place(folio);
	return false;
}

void cofs_folio_unlock_in_place(struct folio *folio)
{
	folio_unlock(folio);
	preempt_enable();
}

struct workqueue_struct *cofs_alloc_idle_workqueue(void)
{
	return alloc_workqueue("cofs_idle", WQ_UNBOUND, 1);
}

/* For a worker: what it does from here on is done when nothing else is to be done. */
void cofs_idle_begin(void)
{
	static const struct sched_attr idle = { .sched_policy = SCHED_IDLE };

	sched_setattr_nocheck(current, &idle);
	set_task_ioprio(current, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0));
}

/* As a worker of an unbound queue is by default. */
void cofs_idle_end(void)
{
	set_task_ioprio(current, IOPRIO_DEFAULT);
	sched_set_normal(current, 0);
}

#if IS_ENABLED(CONFIG_BLK_DEV_DM)
/*
 * libcryptsetup gives its verity devices such a UUID. dm-mod has to be there only where a device is
 * one of its: cofs does not depend on it.
 */
bool cofs_bdev_is_verity(struct block_device *bdev)
{
	static const char prefix[] = "CRYPT-VERITY-";
	typeof(dm_get_md) *get_md;
	typeof(dm_copy_name_and_uuid) *copy;
	typeof(dm_put) *put;
	struct mapped_device *md;
	char *uuid;
	bool verity = false;

	if (strncmp(bdev->bd_disk->disk_name, "dm-", 3))
		return false;
	uuid = kzalloc(DM_UUID_LEN, GFP_KERNEL);
	get_md = symbol_get(dm_get_md);
	copy = symbol_get(dm_copy_name_and_uuid);
	put = symbol_get(dm_put);
	if (uuid && get_md && copy && put) {
		md = get_md(bdev->bd_dev);
		if (md) {
			verity = !copy(md, NULL, uuid) && !strncmp(uuid, prefix, strlen(prefix));
			put(md);
		}
	}
	if (put)
		symbol_put(dm_put);
	if (copy)
		symbol_put(dm_copy_name_and_uuid);
	if (get_md)
		symbol_put(dm_get_md);
	kfree(uuid);
	return verity;
}
#else
bool cofs_bdev_is_verity(struct block_device *bdev)
{
	return false;
}
#endif

/* Whether the file has fs-verity. */
bool cofs_file_is_verity(const struct file *file)
{
	return IS_VERITY(file_inode(file));
}

void cofs_sha256_init(struct sha256_ctx *ctx)
{
	sha256_init(ctx);
}

void cofs_sha256_update(struct sha256_ctx *ctx, const u8 *data, size_t len)
{
	sha256_update(ctx, data, len);
}

void cofs_sha256_final(struct sha256_ctx *ctx, u8 *out)
{
	sha256_final(ctx, out);
}
