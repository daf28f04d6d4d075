# SPDX-License-Identifier: GPL-2.0
# What a sound kernel never says, as an extended regular expression.

# shellcheck disable=SC2034 # for those who source this
{
splats='WARNING:|(^|[] ])BUG:|BUG at|kernel BUG|Oops|general protection fault|Unable to handle|Kernel panic'
splats+='|KASAN:|KFENCE:|UBSAN:|KCSAN:|rust_kernel: panicked|panicked at'
splats+='|possible circular|possible recursive|possible irq lock|inconsistent lock state|suspicious RCU'
splats+='|bad unlock balance|lock held when|DEBUG_LOCKS_WARN|turning off the locking correctness'
splats+='|scheduling while atomic|sleeping function called|blocked for more than|soft lockup|hard LOCKUP'
splats+='|rcu.*(stall|self-detected)|unreferenced object|suspected memory leaks|Busy inodes'
splats+='|Bad page (state|map)|Bad rss-counter|list_(add|del) corruption|Objects remaining|refcount_t:'
splats+='|Call Trace|invoked oom-killer|Out of memory'
}
