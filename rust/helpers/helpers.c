// SPDX-License-Identifier: GPL-2.0
#include "helpers.h"

#include <linux/backing-dev.h>
#include <linux/blkdev.h>
#include <linux/cred.h>
#include <linux/highmem.h>
#include <linux/ioprio.h>
#include <linux/kdev_t.h>
#include <linux/major.h>
#include <linux/posix_acl.h>
#include <linux/psi.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmstat.h>
#include <linux/vmalloc.h>

#ifdef CONFIG_HIGHMEM
#error "cofs decodes into the direct map: every page needs an address"
#endif

struct inode *cofs_alloc_inode_sb(struct super_block *sb, struct kmem_cache *cache)
{
	return alloc_inode_sb(sb, cache, GFP_KERNEL);
}

loff_t cofs_i_size_read(const struct inode *inode)
{
	return i_size_read(inode);
}

void cofs_i_size_write(struct inode *inode, loff_t size)
{
	i_size_write(inode, size);
}

bool cofs_inode_is_new(struct inode *inode)
{
	return inode_state_read_once(inode) & I_NEW;
}

void cofs_inode_set_times(struct inode *inode, time64_t sec, long nsec)
{
	inode_set_atime_to_ts(inode,
		inode_set_ctime_to_ts(inode,
			inode_set_mtime(inode, sec, nsec)));
}

void cofs_i_uid_write(struct inode *inode, uid_t uid)
{
	i_uid_write(inode, uid);
}

void cofs_i_gid_write(struct inode *inode, gid_t gid)
{
	i_gid_write(inode, gid);
}

void cofs_inode_fake_hash(struct inode *inode)
{
	inode_fake_hash(inode);
}

void cofs_inode_init_hash(struct inode *inode)
{
	INIT_HLIST_NODE(&inode->i_hash);
}

/* Undoes inode_fake_hash(): the last iput() evicts the inode. */
void cofs_inode_unhash(struct inode *inode)
{
	spin_lock(&inode->i_lock);
	hlist_del_init(&inode->i_hash);
	spin_unlock(&inode->i_lock);
}

void cofs_inode_set_link(struct inode *inode, char *link)
{
	inode_set_cached_link(inode, link, strlen(link));
}

dev_t cofs_new_decode_dev(u32 dev)
{
	return new_decode_dev(dev);
}

void cofs_cache_no_acl(struct inode *inode)
{
	cache_no_acl(inode);
}

unsigned long cofs_inode_ra_pages(struct inode *inode)
{
	return inode_to_bdi(inode)->ra_pages;
}

struct kmem_cache *cofs_kmem_cache_create(const char *name, unsigned int size, unsigned int align,
					  void (*ctor)(void *object))
{
	return kmem_cache_create(name, size, align,
				 SLAB_RECLAIM_ACCOUNT | SLAB_ACCOUNT, ctor);
}

bool cofs_super_is_anonymous(const struct super_block *sb)
{
	return MAJOR(sb->s_dev) == UNNAMED_MAJOR;
}

void cofs_super_set_id(struct super_block *sb)
{
	snprintf(sb->s_id, sizeof(sb->s_id), "%u:%u", MAJOR(sb->s_dev), MINOR(sb->s_dev));
}

const char *cofs_super_set_sysfs_name(struct super_block *sb, bool number)
{
	if (number)
		super_set_sysfs_name_generic(sb, "%u:%u", MAJOR(sb->s_dev), MINOR(sb->s_dev));
	else
		super_set_sysfs_name_id(sb);
	return sb->s_sysfs_name;
}

void cofs_super_set_uuid(struct super_block *sb, const u8 *uuid)
{
	super_set_uuid(sb, uuid, UUID_SIZE);
}

void cofs_statfs_fsid(struct super_block *sb, struct kstatfs *buf)
{
	if (uuid_is_null(&sb->s_uuid))
		buf->f_fsid = u64_to_fsid(sb->s_bdev ? huge_encode_dev(sb->s_bdev->bd_dev) : 0);
	else
		buf->f_fsid = uuid_to_fsid(sb->s_uuid.b);
}

int cofs_fs_parse(struct fs_context *fc, const struct fs_parameter_spec *desc,
		  struct fs_parameter *param, struct fs_parse_result *result)
{
	return fs_parse(fc, desc, param, result);
}

void cofs_errorfc(struct fs_context *fc, const char *message)
{
	errorfc(fc, "%s", message);
}

bool cofs_fatal_signal_pending(void)
{
	return fatal_signal_pending(current);
}

void cofs_mapping_set_large_folios(struct address_space *mapping)
{
	mapping_set_large_folios(mapping);
}

/* What is read into it nobody's cgroup is charged for. Before the first page. */
void cofs_mapping_set_kernel_file(struct address_space *mapping)
{
	set_bit(AS_KERNEL_FILE, &mapping->flags);
}

/*
 * Pages may come from pages of a file below, to any depth, and lockdep cannot tell one depth from
 * another. A read-only file system takes this lock shared, and nobody else takes it.
 */
void cofs_mapping_set_nesting(struct address_space *mapping)
{
	lockdep_set_novalidate_class(&mapping->invalidate_lock);
}

int cofs_map_page(struct address_space *mapping, pgoff_t index, struct file *file,
		  struct folio **folio, void **address)
{
	*folio = read_mapping_folio(mapping, index, file);
	if (IS_ERR(*folio))
		return PTR_ERR(*folio);
	*address = kmap_local_folio(*folio, offset_in_folio(*folio, (loff_t)index << PAGE_SHIFT));
	return 0;
}

void cofs_unmap_page(struct folio *folio, void *address)
{
	folio_release_kmap(folio, address);
}

struct folio *cofs_readahead_folio(struct readahead_control *rac)
{
	return readahead_folio(rac);
}

/* How large the folios are that mm has come to for who reads: 0 until somebody reads in order. */
unsigned int cofs_readahead_order(const struct readahead_control *rac)
{
	if (!rac->ra)
		return 0;
	return min_t(unsigned int, rac->ra->order, mapping_max_folio_order(rac->mapping));
}

/* readahead_expand() by one folio of an order, to which the window's end must be aligned; or nothing. */
bool cofs_readahead_append(struct readahead_control *rac, unsigned int order)
{
	gfp_t gfp = readahead_gfp_mask(rac->mapping);
	pgoff_t index = rac->_index + rac->_nr_pages;
	struct folio *folio = xa_load(&rac->mapping->i_pages, index);

	if (folio && !xa_is_value(folio))
		return false;
	folio = filemap_alloc_folio(gfp, order, NULL);
	if (!folio)
		return false;
	if (rac->dropbehind)
		__folio_set_dropbehind(folio);
	if (filemap_add_folio(rac->mapping, folio, index, gfp)) {
		folio_put(folio);
		return false;
	}
	if (folio_test_workingset(folio) && !rac->_workingset) {
		rac->_workingset = true;
		psi_memstall_enter(&rac->_pflags);
	}
	rac->_nr_pages += 1U << order;
	if (rac->ra) {
		rac->ra->size += 1U << order;
		rac->ra->async_size += 1U << order;
	}
	return true;
}

void cofs_readahead_once(struct file *file, struct address_space *mapping, pgoff_t index,
			 unsigned long count)
{
	if (!ra_has_index(&file->f_ra, index))
		page_cache_sync_readahead(mapping, &file->f_ra, file, index, count);
}

void cofs_folio_put(struct folio *folio)
{
	folio_put(folio);
}

void *cofs_folio_address(struct folio *folio)
{
	return folio_address(folio);
}

struct page *cofs_virt_to_page(const void *address)
{
	return virt_to_page(address);
}

/* Reads ahead, up to end, where there is no folio, or from one with the readahead mark; puts that. */
void cofs_ra(struct readahead_control *ractl, struct folio *folio, pgoff_t end)
{
	if (IS_ERR(folio)) {
		page_cache_sync_ra(ractl, end - ractl->_index);
		return;
	}
	if (folio_test_readahead(folio)) {
		ractl->_index = folio->index;
		page_cache_async_ra(ractl, folio, end - folio->index);
	}
	folio_put(folio);
}

/* What a read starts when it comes to a page that is not there, or one with the readahead mark. */
void cofs_read_ahead(struct file *file, pgoff_t index, pgoff_t end, bool drop_behind)
{
	struct address_space *mapping = file->f_mapping;
	struct folio *folio = filemap_get_folio(mapping, index);
	DEFINE_READAHEAD(ractl, file, &file->f_ra, mapping, index);

	ractl.dropbehind = drop_behind;
	cofs_ra(&ractl, folio, end);
}

/* Starts to read pages; where no file is open it is NULL. */
void cofs_read_ahead_pages(struct address_space *mapping, struct file *file, pgoff_t index,
			   unsigned long count)
{
	struct file_ra_state ra = {};
	DEFINE_READAHEAD(ractl, file, &ra, mapping, index);

	filemap_invalidate_lock_shared(mapping);
	page_cache_ra_unbounded(&ractl, count, 0);
	filemap_invalidate_unlock_shared(mapping);
}

/* The first page from index on, before end, that is not there or not uptodate; or end. */
pgoff_t cofs_first_unread(struct address_space *mapping, pgoff_t index, pgoff_t end)
{
	while (index < end) {
		struct folio *folio = filemap_get_folio(mapping, index);
		bool unread;

		if (IS_ERR(folio))
			break;
		unread = !folio_test_uptodate(folio);
		if (!unread)
			index = folio_next_index(folio);
		folio_put(folio);
		if (unread)
			break;
	}
	return index;
}

/*
 * The file of a fault whose page is not there, to be put, and the fault's lock let go; or NULL, if
 * mm can do with what there is, or must not let go. With a file also what is to be read: what mm would,
 * but for mmap_miss, since here one page may cost as much as its cluster, and for huge pages.
 */
struct file *cofs_fault_leave(struct vm_fault *vmf, struct cofs_around *around)
{
	struct vm_area_struct *vma = vmf->vma;
	struct address_space *mapping = vma->vm_file->f_mapping;
	unsigned int window = vma->vm_file->f_ra.ra_pages;
	struct file *file;

	if (!fault_flag_allow_retry_first(vmf->flags) || (vmf->flags & FAULT_FLAG_RETRY_NOWAIT) ||
	    (vma->vm_flags & (VM_RAND_READ | VM_EXEC)) == VM_RAND_READ)
		return NULL;
	if (vmf->pgoff >= DIV_ROUND_UP(i_size_read(mapping->host), PAGE_SIZE))
		return NULL;
	if (cofs_first_unread(mapping, vmf->pgoff, vmf->pgoff + 1) > vmf->pgoff)
		return NULL;
	around->index = vmf->pgoff;
	around->ahead = vma->vm_flags & VM_SEQ_READ;
	around->async_size = 0;
	if (vma->vm_flags & VM_EXEC) {
		around->start = vmf->pgoff;
		around->size = min_t(pgoff_t, window, vma->vm_pgoff + vma_pages(vma) - vmf->pgoff);
	} else {
		around->start = vmf->pgoff - min_t(pgoff_t, window / 2, vmf->pgoff);
		around->size = window;
		around->async_size = window / 4;
	}
	count_vm_event(PGMAJFAULT);
	file = get_file(vma->vm_file);
	release_fault_lock(vmf);
	return file;
}

/* Reads what cofs_fault_leave() says. */
void cofs_read_around(struct file *file, const struct cofs_around *around)
{
	struct address_space *mapping = file->f_mapping;
	struct file_ra_state *ra = &file->f_ra;
	struct folio *folio = filemap_get_folio(mapping, around->index);
	pgoff_t end = DIV_ROUND_UP(i_size_read(mapping->host), PAGE_SIZE);
	unsigned int size, async_size;
	DEFINE_READAHEAD(ractl, file, ra, mapping, around->index);

	if (!IS_ERR(folio)) {
		if (folio_test_readahead(folio)) {
			ractl._index = folio->index;
			page_cache_async_ra(&ractl, folio, ra->ra_pages);
		}
		folio_put(folio);
		return;
	}
	if (!ra->ra_pages)
		return;
	if (around->ahead) {
		page_cache_sync_ra(&ractl, ra->ra_pages);
		return;
	}
	size = min_t(pgoff_t, around->size, end > around->start ? end - around->start : 0);
	async_size = min(around->async_size, size);
	/* Others that fault in the same file may change it meanwhile. */
	ra->start = around->start;
	ra->size = size;
	ra->async_size = async_size;
	ra->order = 0;
	ractl._index = around->start;
	filemap_invalidate_lock_shared(mapping);
	page_cache_ra_unbounded(&ractl, size, async_size);
	filemap_invalidate_unlock_shared(mapping);
}

size_t cofs_folio_size(struct folio *folio)
{
	return folio_size(folio);
}

loff_t cofs_folio_pos(struct folio *folio)
{
	return folio_pos(folio);
}

void *cofs_kmap_local_folio(struct folio *folio, size_t offset)
{
	return kmap_local_folio(folio, offset);
}

void cofs_kunmap_local(const void *address)
{
	kunmap_local(address);
}

void cofs_folio_zero_segment(struct folio *folio, size_t start, size_t end)
{
	folio_zero_segment(folio, start, end);
}

void cofs_flush_dcache_folio(struct folio *folio)
{
	flush_dcache_folio(folio);
}

int cofs_folio_wait_locked_killable(struct folio *folio)
{
	return folio_wait_locked_killable(folio);
}

int cofs_folio_lock_killable(struct folio *folio)
{
	return folio_lock_killable(folio);
}

bool cofs_folio_test_uptodate(struct folio *folio)
{
	return folio_test_uptodate(folio);
}

void *cofs_get_free_pages(gfp_t gfp, unsigned int order)
{
	return (void *)__get_free_pages(gfp, order);
}

void cofs_free_pages(void *address, unsigned int order)
{
	free_pages((unsigned long)address, order);
}

void cofs_init_list_head(struct list_head *head)
{
	INIT_LIST_HEAD(head);
}

void cofs_list_add_tail(struct list_head *entry, struct list_head *head)
{
	list_add_tail(entry, head);
}

void cofs_list_del_init(struct list_head *entry)
{
	list_del_init(entry);
}

void cofs_init_completion(struct completion *completion)
{
	init_completion(completion);
}

struct workqueue_struct *cofs_alloc_workqueue(void)
{
	return alloc_workqueue("cofs", WQ_UNBOUND | WQ_MEM_RECLAIM, 0);
}

void cofs_init_work(struct work_struct *work, void (*function)(struct work_struct *work))
{
	INIT_WORK(work, function);
}

void cofs_init_delayed_work(struct delayed_work *work, void (*function)(struct work_struct *work))
{
	INIT_DELAYED_WORK(work, function);
}

ssize_t cofs_read_as_opener(struct kiocb *iocb, struct iov_iter *iter)
{
	ssize_t ret = 0;

	iocb->ki_ioprio = get_current_ioprio();
	scoped_with_creds(iocb->ki_filp->f_cred)
		ret = vfs_iocb_iter_read(iocb->ki_filp, iocb, iter);
	return ret;
}

unsigned int cofs_bdev_memory_align(struct block_device *bdev)
{
	return bdev_dma_alignment(bdev) + 1;
}

unsigned int cofs_bdev_logical_block_size(struct block_device *bdev)
{
	return bdev_logical_block_size(bdev);
}

struct bio *cofs_bio_alloc(struct block_device *bdev, unsigned short vecs, blk_opf_t opf, gfp_t gfp)
{
	return bio_alloc(bdev, vecs, opf, gfp);
}

void cofs_bio_first_folio(struct folio_iter *fi, struct bio *bio)
{
	bio_first_folio(fi, bio, 0);
}

void cofs_bio_next_folio(struct folio_iter *fi, struct bio *bio)
{
	bio_next_folio(fi, bio);
}

unsigned int cofs_memalloc_nofs_save(void)
{
	return memalloc_nofs_save();
}

void cofs_memalloc_nofs_restore(unsigned int flags)
{
	memalloc_nofs_restore(flags);
}

void *cofs_vmalloc(size_t size, gfp_t gfp)
{
	return __vmalloc(size, gfp);
}

unsigned int cofs_num_online_cpus(void)
{
	return num_online_cpus();
}

unsigned int cofs_raw_smp_processor_id(void)
{
	return raw_smp_processor_id();
}

int cofs_xa_reserve(struct xarray *xa, unsigned long index, gfp_t gfp)
{
	return xa_reserve(xa, index, gfp);
}

void cofs_xa_lock(struct xarray *xa)
{
	xa_lock(xa);
}

void cofs_xa_unlock(struct xarray *xa)
{
	xa_unlock(xa);
}

u64 cofs_siphash(const void *data, size_t len, const siphash_key_t *key)
{
	return siphash(data, len, key);
}
