/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Events of sharing, for tracefs: /sys/kernel/tracing/events/cofs/. Content is named by the number of its
 * inode, which debugfs shows with its fingerprint; an image by its device and the number of the file's node.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM cofs

#if !defined(COFS_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define COFS_TRACE_H

#include <linux/tracepoint.h>

/* A file was bound to content, with others or alone. */
TRACE_EVENT(cofs_adopt,
	TP_PROTO(u64 content, const char *image, u64 nid, u64 sharers),
	TP_ARGS(content, image, nid, sharers),
	TP_STRUCT__entry(
		__field(u64, content)
		__string(image, image)
		__field(u64, nid)
		__field(u64, sharers)
	),
	TP_fast_assign(
		__entry->content = content;
		__assign_str(image);
		__entry->nid = nid;
		__entry->sharers = sharers;
	),
	TP_printk("content=%llu image=%s nid=%llu sharers=%llu", __entry->content,
		  __get_str(image), __entry->nid, __entry->sharers)
);

DECLARE_EVENT_CLASS(cofs_range,
	TP_PROTO(u64 content, const char *image, u64 nid, u64 pos, u64 len),
	TP_ARGS(content, image, nid, pos, len),
	TP_STRUCT__entry(
		__field(u64, content)
		__string(image, image)
		__field(u64, nid)
		__field(u64, pos)
		__field(u64, len)
	),
	TP_fast_assign(
		__entry->content = content;
		__assign_str(image);
		__entry->nid = nid;
		__entry->pos = pos;
		__entry->len = len;
	),
	TP_printk("content=%llu image=%s nid=%llu pos=%llu len=%llu", __entry->content,
		  __get_str(image), __entry->nid, __entry->pos, __entry->len)
);

/* An image is asked to fill a range of content. */
DEFINE_EVENT(cofs_range, cofs_fill,
	TP_PROTO(u64 content, const char *image, u64 nid, u64 pos, u64 len),
	TP_ARGS(content, image, nid, pos, len)
);

/* It filled what the image that was asked first could not. */
DEFINE_EVENT(cofs_range, cofs_failover,
	TP_PROTO(u64 content, const char *image, u64 nid, u64 pos, u64 len),
	TP_ARGS(content, image, nid, pos, len)
);

/* It gave other bytes than those that were verified. */
DEFINE_EVENT(cofs_range, cofs_mismatch,
	TP_PROTO(u64 content, const char *image, u64 nid, u64 pos, u64 len),
	TP_ARGS(content, image, nid, pos, len)
);

/* Content was hashed. */
TRACE_EVENT(cofs_verify,
	TP_PROTO(u64 content, const char *image, u64 nid, u64 len, unsigned int outcome),
	TP_ARGS(content, image, nid, len, outcome),
	TP_STRUCT__entry(
		__field(u64, content)
		__string(image, image)
		__field(u64, nid)
		__field(u64, len)
		__field(unsigned int, outcome)
	),
	TP_fast_assign(
		__entry->content = content;
		__assign_str(image);
		__entry->nid = nid;
		__entry->len = len;
		__entry->outcome = outcome;
	),
	TP_printk("content=%llu image=%s nid=%llu len=%llu outcome=%s", __entry->content,
		  __get_str(image), __entry->nid, __entry->len,
		  __print_symbolic(__entry->outcome, { 0, "same" }, { 1, "other" }, { 2, "unread" }))
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
