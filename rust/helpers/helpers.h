/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The kernel's inline functions and macros, which Rust cannot call, out of line under their names
 * with cofs_ before them; and what is a step or two of those, where Rust would need a twin of each.
 */
#ifndef COFS_HELPERS_H
#define COFS_HELPERS_H

#include <crypto/sha2.h>
#include <linux/bio.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/fs_parser.h>
#include <linux/list.h>
#include <linux/pagemap.h>
#include <linux/siphash.h>
#include <linux/statfs.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

/* inode */
struct inode *cofs_alloc_inode_sb(struct super_block *sb, struct kmem_cache *cache);
loff_t cofs_i_size_read(const struct inode *inode);
void cofs_i_size_write(struct inode *inode, loff_t size);
bool cofs_inode_is_new(struct inode *inode);
void cofs_inode_set_times(struct inode *inode, time64_t sec, long nsec);
void cofs_i_uid_write(struct inode *inode, uid_t uid);
void cofs_i_gid_write(struct inode *inode, gid_t gid);
void cofs_inode_fake_hash(struct inode *inode);
void cofs_inode_init_hash(struct inode *inode);
void cofs_inode_unhash(struct inode *inode);
void cofs_inode_set_link(struct inode *inode, char *link);
dev_t cofs_new_decode_dev(u32 dev);
void cofs_cache_no_acl(struct inode *inode);
unsigned long cofs_inode_ra_pages(struct inode *inode);
struct kmem_cache *cofs_kmem_cache_create(const char *name, unsigned int size, unsigned int align,
					  void (*ctor)(void *object));

/* super block and context */
bool cofs_super_is_anonymous(const struct super_block *sb);
void cofs_super_set_id(struct super_block *sb);
const char *cofs_super_set_sysfs_name(struct super_block *sb, bool number);
void cofs_super_set_uuid(struct super_block *sb, const u8 *uuid);
void cofs_statfs_fsid(struct super_block *sb, struct kstatfs *buf);
int cofs_fs_parse(struct fs_context *fc, const struct fs_parameter_spec *desc,
		  struct fs_parameter *param, struct fs_parse_result *result);
void cofs_errorfc(struct fs_context *fc, const char *message);
bool cofs_fatal_signal_pending(void);

/* page cache */
void cofs_mapping_set_large_folios(struct address_space *mapping);
void cofs_mapping_set_nesting(struct address_space *mapping);
int cofs_map_page(struct address_space *mapping, pgoff_t index, struct file *file,
		  struct folio **folio, void **address);
void cofs_unmap_page(struct folio *folio, void *address);
struct folio *cofs_readahead_folio(struct readahead_control *rac);
unsigned int cofs_readahead_order(const struct readahead_control *rac);
bool cofs_readahead_append(struct readahead_control *rac, unsigned int order);
void cofs_readahead_once(struct file *file, struct address_space *mapping, pgoff_t index,
			 unsigned long count);
void cofs_folio_put(struct folio *folio);
void *cofs_folio_address(struct folio *folio);
struct page *cofs_virt_to_page(const void *address);
void cofs_ra(struct readahead_control *ractl, struct folio *folio, pgoff_t end);
void cofs_read_ahead(struct file *file, pgoff_t index, pgoff_t end, bool drop_behind);
void cofs_read_ahead_pages(struct address_space *mapping, struct file *file, pgoff_t index,
			   unsigned long count);
pgoff_t cofs_first_unread(struct address_space *mapping, pgoff_t index, pgoff_t end);
/* For a fault at index: size pages from start on, with a mark where async_size are left; or in order. */
struct cofs_around {
	pgoff_t index;
	pgoff_t start;
	unsigned int size;
	unsigned int async_size;
	bool ahead;
};
struct file *cofs_fault_leave(struct vm_fault *vmf, struct cofs_around *around);
void cofs_read_around(struct file *file, const struct cofs_around *around);
size_t cofs_folio_size(struct folio *folio);
loff_t cofs_folio_pos(struct folio *folio);
void *cofs_kmap_local_folio(struct folio *folio, size_t offset);
void cofs_kunmap_local(const void *address);
void cofs_folio_zero_segment(struct folio *folio, size_t start, size_t end);
void cofs_flush_dcache_folio(struct folio *folio);
int cofs_folio_wait_locked_killable(struct folio *folio);
int cofs_folio_lock_killable(struct folio *folio);
bool cofs_folio_test_uptodate(struct folio *folio);
void cofs_folio_set_checked(struct folio *folio);
bool cofs_folio_take_checked(struct folio *folio);
bool cofs_in_task(void);
void cofs_mapping_set_kernel_file(struct address_space *mapping);
void cofs_scan_ahead(struct address_space *mapping, struct file_ra_state *ra, pgoff_t index,
		     pgoff_t end, bool drop_behind);
struct folio *cofs_scan_folio(struct address_space *mapping, pgoff_t index);
bool cofs_folio_lock_in_place(struct folio *folio, struct address_space *mapping);
void cofs_folio_unlock_in_place(struct folio *folio);

/* params.c */
#define COFS_DOMAIN_MAX 255
bool cofs_default_verify(void);
unsigned int cofs_verify_open_kb(void);
#define COFS_AS_COFS 0
#define COFS_AS_EROFS 1
int cofs_fsname(void);
int cofs_linger_mb(void);
unsigned int cofs_worker_delay_ms(void);
void cofs_set_linger_mb(int mb);
size_t cofs_default_domain(char *out);

/* pages */
void *cofs_get_free_pages(gfp_t gfp, unsigned int order);
void cofs_free_pages(void *address, unsigned int order);

/* list */
void cofs_init_list_head(struct list_head *head);
void cofs_list_add_tail(struct list_head *entry, struct list_head *head);
void cofs_list_del_init(struct list_head *entry);

/* completion */
void cofs_init_completion(struct completion *completion);

/* workqueue */
struct workqueue_struct *cofs_alloc_workqueue(void);
struct workqueue_struct *cofs_alloc_idle_workqueue(void);
void cofs_idle_begin(void);
void cofs_idle_end(void);
void cofs_cond_resched(void);
void cofs_init_work(struct work_struct *work, void (*function)(struct work_struct *work));
void cofs_init_delayed_work(struct delayed_work *work, void (*function)(struct work_struct *work));

/* backing file */
ssize_t cofs_read_as_opener(struct kiocb *iocb, struct iov_iter *iter);

/* bio */
unsigned int cofs_bdev_memory_align(struct block_device *bdev);
unsigned int cofs_bdev_logical_block_size(struct block_device *bdev);
struct bio *cofs_bio_alloc(struct block_device *bdev, unsigned short vecs, blk_opf_t opf, gfp_t gfp);
void cofs_bio_first_folio(struct folio_iter *fi, struct bio *bio);
void cofs_bio_next_folio(struct folio_iter *fi, struct bio *bio);

/* verity */
bool cofs_bdev_is_verity(struct block_device *bdev);
bool cofs_file_is_verity(const struct file *file);

/* memory, xarray, hashes */
unsigned int cofs_memalloc_nofs_save(void);
void cofs_memalloc_nofs_restore(unsigned int flags);
void *cofs_vmalloc(size_t size, gfp_t gfp);
unsigned int cofs_num_online_cpus(void);
unsigned int cofs_raw_smp_processor_id(void);
int cofs_xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp);
void cofs_xa_lock(struct xarray *xa);
void cofs_xa_unlock(struct xarray *xa);
u64 cofs_siphash(const void *data, size_t len, const siphash_key_t *key);
void cofs_sha256_init(struct sha256_ctx *ctx);
void cofs_sha256_update(struct sha256_ctx *ctx, const u8 *data, size_t len);
void cofs_sha256_final(struct sha256_ctx *ctx, u8 *out);

#endif
