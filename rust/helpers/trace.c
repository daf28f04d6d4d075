// SPDX-License-Identifier: GPL-2.0
/* The events' code, and what Rust calls for those that are on. */
#define CREATE_TRACE_POINTS
#define CREATE_RUST_TRACE_POINTS
#include "trace.h"
