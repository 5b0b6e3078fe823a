// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The server's copy of the pure files that both sides need; see Kbuild for why they are compiled
 * twice.
 * Called by the server's other files; holds no state and takes no locks.
 */
#include "pure/dev_path.c"
#include "pure/limits.c"
#include "pure/msg.c"
