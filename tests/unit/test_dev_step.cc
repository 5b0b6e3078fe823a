/* SPDX-License-Identifier: GPL-2.0-or-later */
/* States of a client device (architecture 5) and their words (sysfs ABI 5.2). */
#include "tests/catch.h"

#include <string>

#include "rnbd/pure/dev_step.h"

TEST_CASE("each state answers each event")
{
	const int want[RNBD_DEV_STATES][4] = {
		/* OPENED, LINK_DOWN, UNMAP, GIVE_UP */
		{RNBD_DEV_MAPPED, -EALREADY, RNBD_DEV_UNMAPPED, -EALREADY},			/* init */
		{-EALREADY, RNBD_DEV_HELD, RNBD_DEV_UNMAPPED, RNBD_DEV_DISCONNECTED},		/* mapped */
		{RNBD_DEV_MAPPED, -EALREADY, RNBD_DEV_UNMAPPED, -EALREADY},			/* disconnected */
		{-EINVAL, -EALREADY, -EALREADY, -EALREADY},					/* unmapped */
		{RNBD_DEV_MAPPED, -EALREADY, RNBD_DEV_UNMAPPED, RNBD_DEV_DISCONNECTED},		/* held */
	};
	for (int s = 0; s < RNBD_DEV_STATES; s++)
		for (int e = 0; e < 4; e++) {
			CAPTURE(s, e);
			CHECK(rnbd_dev_step(static_cast<rnbd_dev_state>(s), static_cast<rnbd_dev_event>(e)) ==
			      want[s][e]);
		}
	CHECK(rnbd_dev_step(RNBD_DEV_INIT, static_cast<rnbd_dev_event>(4)) == -EINVAL);
}

TEST_CASE("an unmapped device never comes back")
{
	for (int e = 0; e < 4; e++)
		CHECK(rnbd_dev_step(RNBD_DEV_UNMAPPED, static_cast<rnbd_dev_event>(e)) < 0);
}

TEST_CASE("remap_device is answered as the sysfs ABI says")
{
	CHECK(rnbd_dev_may_remap(RNBD_DEV_DISCONNECTED) == 0);
	CHECK(rnbd_dev_may_remap(RNBD_DEV_HELD) == 0);
	CHECK(rnbd_dev_may_remap(RNBD_DEV_MAPPED) == -EALREADY);
	CHECK(rnbd_dev_may_remap(RNBD_DEV_INIT) == -EBUSY);
	CHECK(rnbd_dev_may_remap(RNBD_DEV_UNMAPPED) == -ENODEV);
}

TEST_CASE("the state file keeps its words")
{
	CHECK(std::string(rnbd_dev_state_word(RNBD_DEV_INIT)) == "init");
	CHECK(std::string(rnbd_dev_state_word(RNBD_DEV_MAPPED)) == "open");
	CHECK(std::string(rnbd_dev_state_word(RNBD_DEV_DISCONNECTED)) == "closed");
	CHECK(std::string(rnbd_dev_state_word(RNBD_DEV_HELD)) == "closed");
	CHECK(std::string(rnbd_dev_state_word(RNBD_DEV_UNMAPPED)) == "unmapped");
	CHECK(std::string(rnbd_dev_state_word(RNBD_DEV_STATES)) == "unknown");
}

TEST_CASE("a device whose I/O waits shows as disconnected, all others as what they are")
{
	CHECK(rnbd_dev_state_shown(RNBD_DEV_HELD) == RNBD_DEV_DISCONNECTED);
	for (rnbd_dev_state state : {RNBD_DEV_INIT, RNBD_DEV_MAPPED, RNBD_DEV_DISCONNECTED, RNBD_DEV_UNMAPPED})
		CHECK(rnbd_dev_state_shown(state) == state);
}
