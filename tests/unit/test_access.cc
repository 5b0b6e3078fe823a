/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who may open an export how (protocol 9). */
#include "tests/catch.h"

#include "rnbd/pure/access.h"

namespace {

const u8 RO = RNBD_WIRE_RO, RW = RNBD_WIRE_RW, MIG = RNBD_WIRE_MIGRATION;

} // namespace

TEST_CASE("readers are never refused and never counted")
{
	rnbd_writers w = {};
	CHECK(rnbd_access_take(&w, RW) == 0);
	for (int i = 0; i < 1000; i++)
		CHECK(rnbd_access_take(&w, RO) == 0);
	rnbd_access_put(&w, RO);
	CHECK(w.rw == 1);
	CHECK(w.migration == 0);
}

TEST_CASE("one writer; a second one only to migrate")
{
	rnbd_writers w = {};
	CHECK(rnbd_access_take(&w, RW) == 0);
	CHECK(rnbd_access_take(&w, RW) == -EPERM);
	CHECK(rnbd_access_take(&w, MIG) == 0);
	CHECK(rnbd_access_take(&w, MIG) == -EPERM);
	CHECK(rnbd_access_take(&w, RW) == -EPERM);
	rnbd_access_put(&w, RW);
	CHECK(rnbd_access_take(&w, RW) == -EPERM);	/* the migration side still writes */
	CHECK(rnbd_access_take(&w, MIG) == 0);		/* and may be joined by its peer */
	rnbd_access_put(&w, MIG);
	rnbd_access_put(&w, MIG);
	CHECK(rnbd_access_take(&w, RW) == 0);
}

TEST_CASE("two migrations may meet, rw does not follow a migration")
{
	rnbd_writers w = {};
	CHECK(rnbd_access_take(&w, MIG) == 0);
	CHECK(rnbd_access_take(&w, RW) == -EPERM);
	CHECK(rnbd_access_take(&w, MIG) == 0);
	CHECK(rnbd_access_take(&w, MIG) == -EPERM);
}

TEST_CASE("S52 an unknown mode is refused and not counted")
{
	rnbd_writers w = {};
	for (int mode = 3; mode < 256; mode++)
		CHECK(rnbd_access_take(&w, static_cast<u8>(mode)) == -EINVAL);
	CHECK(w.rw + w.migration == 0);
}

TEST_CASE("a put too many does not open the door")
{
	rnbd_writers w = {};
	rnbd_access_put(&w, RW);
	rnbd_access_put(&w, MIG);
	CHECK(rnbd_access_take(&w, RW) == 0);
	CHECK(rnbd_access_take(&w, RW) == -EPERM);
}
