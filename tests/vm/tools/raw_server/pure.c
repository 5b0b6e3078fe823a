// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The kernel's own builders and checks, for what raw_server says well. What it
 * says badly it puts together by itself.
 */
#include "../../../../kernel/rnbd/pure/dev_path.c"
#include "../../../../kernel/rnbd/pure/msg.c"
#include "../../../../kernel/rtrs/pure/geometry.c"
#include "../../../../kernel/rtrs/pure/handshake.c"
#include "../../../../kernel/rtrs/pure/io_msg.c"
