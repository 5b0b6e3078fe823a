// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generic netlink family rnbd-client: a door only. Requests are checked as the
 * map_device string is, call one verb of clt_dev.c and never wait; events tell
 * the rest. Requests run under the family's lock, events come from workers.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/slab.h>

#include "client.h"
#include "genl_common.h"
#include "rtrs/pure/handshake.h"
#include "uapi/rnbd_netlink.h"
#include "version.h"

static struct genl_family family;
static atomic_t generation = ATOMIC_INIT(0);

/* ---- telling ---- */

static int fill_state(struct sk_buff *skb, const struct rnbd_clt_dev_view *view)
{
	if (nla_put_u32(skb, RNBD_A_STATE, view->state) ||
	    nla_put_string(skb, RNBD_A_CAUSE, rtrs_cause_token(view->why.cause)) ||
	    nla_put_string(skb, RNBD_A_CAUSE_TEXT, rtrs_cause_text(view->why.cause)) ||
	    nla_put_s32(skb, RNBD_A_ERROR, view->why.error) ||
	    nla_put_u8(skb, RNBD_A_REMOTE, view->why.remote) ||
	    nla_put_u64_64bit(skb, RNBD_A_SINCE_MS, view->since_ms, RNBD_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int fill_options(struct sk_buff *skb, const struct rnbd_map_options *opt)
{
	if (nla_put_string(skb, RNBD_A_SESSION, opt->session) ||
	    nla_put_string(skb, RNBD_A_REMOTE_PATH, opt->device) ||
	    nla_put_u32(skb, RNBD_A_ACCESS, opt->access) ||
	    nla_put_s32(skb, RNBD_A_NR_POLL_QUEUES, opt->nr_poll_queues))
		return -EMSGSIZE;
	if (opt->tag[0] && nla_put_string(skb, RNBD_A_TAG, opt->tag))
		return -EMSGSIZE;
	if (opt->owner[0] && nla_put_string(skb, RNBD_A_OWNER, opt->owner))
		return -EMSGSIZE;
	return 0;
}

static int fill_disk(struct sk_buff *skb, const struct rnbd_clt_dev_view *view)
{
	const struct rnbd_limits *lim = &view->lim;
	char name[DISK_NAME_LEN];

	if (view->index >= 0) {
		snprintf(name, sizeof(name), "rnbd%d", view->index);
		if (nla_put_string(skb, RNBD_A_DISK, name))
			return -EMSGSIZE;
	}
	if (!view->has_limits)
		return 0;
	if (nla_put_u64_64bit(skb, RNBD_A_SECTORS, view->sectors, RNBD_A_PAD) ||
	    nla_put_u32(skb, RNBD_A_LOGICAL_BLOCK, lim->logical_block_size) ||
	    nla_put_u32(skb, RNBD_A_PHYSICAL_BLOCK, lim->physical_block_size) ||
	    nla_put_u32(skb, RNBD_A_MAX_IO_SIZE, lim->max_hw_sectors << SECTOR_SHIFT) ||
	    nla_put_u8(skb, RNBD_A_DISCARD, !!lim->max_discard_sectors) ||
	    nla_put_u8(skb, RNBD_A_WRITE_ZEROES, !!lim->max_write_zeroes_sectors) ||
	    nla_put_u8(skb, RNBD_A_SECURE_ERASE, !!lim->max_secure_erase_sectors) ||
	    nla_put_u8(skb, RNBD_A_WRITE_CACHE, lim->write_cache) ||
	    nla_put_u8(skb, RNBD_A_FUA, lim->fua) ||
	    nla_put_u32(skb, RNBD_A_OPENERS, view->openers))
		return -EMSGSIZE;
	return 0;
}

static int fill_device(struct sk_buff *skb, struct rnbd_clt_dev *dev, u32 gen)
{
	struct rnbd_clt_dev_view view;

	rnbd_clt_dev_look(dev, &view);
	if (nla_put_u32(skb, RNBD_A_ID, dev->id) ||
	    nla_put_u32(skb, RNBD_A_GENERATION, gen) ||
	    fill_state(skb, &view) || fill_options(skb, &dev->opt) ||
	    nla_put_s32(skb, RNBD_A_FAST_IO_FAIL, view.fast_io_fail) ||
	    nla_put_u8(skb, RNBD_A_LOST_WRITES, view.lost_writes) || fill_disk(skb, &view))
		return -EMSGSIZE;
	return 0;
}

static_assert((int)RNBD_EVENT_ADDED == RNBD_CLT_ADDED);
static_assert((int)RNBD_EVENT_CHANGED == RNBD_CLT_CHANGED);
static_assert((int)RNBD_EVENT_REMOVED == RNBD_CLT_REMOVED);

/*
 * Some events come from the worker of a lost path, which memory reclaim may wait for,
 * as it may for what the device's own worker does next: no event waits for reclaim.
 */
#define EVENT_GFP	(GFP_NOWAIT | __GFP_NOWARN)

void rnbd_clt_genl_notify(struct rnbd_clt_dev *dev, enum rnbd_clt_event event)
{
	/* counted even if nobody listens: dumps compare it */
	u32 gen = atomic_inc_return(&generation);
	struct sk_buff *skb;
	void *head;

	if (!genl_has_listeners(&family, &init_net, 0))
		return;
	skb = genlmsg_new(NLMSG_GOODSIZE, EVENT_GFP);
	if (!skb) {
		/* listeners look at everything again, as if they had been too slow to read */
		genl_set_err(&family, &init_net, 0, 0, -ENOBUFS);
		return;
	}
	head = genlmsg_put(skb, 0, 0, &family, 0, RNBD_CMD_DEVICE_NTF);
	if (!head || nla_put_u32(skb, RNBD_A_EVENT, event) || fill_device(skb, dev, gen)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, head);
	genlmsg_multicast(&family, skb, 0, 0, EVENT_GFP);
}

static int reply_device(struct genl_info *info, struct rnbd_clt_dev *dev, u8 cmd)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *head;

	if (!skb)
		return -ENOMEM;
	head = genlmsg_put_reply(skb, info, &family, 0, cmd);
	if (!head || fill_device(skb, dev, atomic_read(&generation))) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

static int info_get(struct sk_buff *in, struct genl_info *info)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_GOODSIZE, GFP_KERNEL);
	void *head;

	if (!skb)
		return -ENOMEM;
	head = genlmsg_put_reply(skb, info, &family, 0, RNBD_CMD_INFO_GET);
	if (!head || nla_put_string(skb, RNBD_A_MODULE, RNBD_CLIENT_GENL_NAME) ||
	    nla_put_string(skb, RNBD_A_VERSION, RNBD_VERSION) ||
	    nla_put_u64_64bit(skb, RNBD_A_FEATURES, 0, RNBD_A_PAD) ||
	    nla_put_u32(skb, RNBD_A_GENERATION, atomic_read(&generation))) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

/* ---- finding ---- */

static int find_device(struct genl_info *info, bool by_disk, struct rnbd_clt_dev **dev)
{
	struct nlattr *id = info->attrs[RNBD_A_ID];
	struct nlattr *disk = by_disk ? info->attrs[RNBD_A_DISK] : NULL;

	if (!id == !disk) {
		if (by_disk)
			GENL_SET_ERR_MSG(info, "give either the id or the disk");
		else
			GENL_SET_ERR_MSG(info, "the id is missing");
		return -EINVAL;
	}
	*dev = id ? rnbd_clt_dev_find_id(nla_get_u32(id)) :
		    rnbd_clt_dev_find_disk(nla_data(disk));
	if (*dev)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, id ?: disk, "no such device");
	return -ENOENT;
}

static int device_get(struct sk_buff *in, struct genl_info *info)
{
	struct rnbd_clt_dev *dev;
	int err;

	err = find_device(info, true, &dev);
	if (err)
		return err;
	err = reply_device(info, dev, RNBD_CMD_DEVICE_GET);
	rnbd_clt_dev_put(dev);
	return err;
}

/* cb->args[0]: id of the last device that fitted. */
static int device_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct rnbd_clt_dev *dev;
	void *head;
	int err = 0;

	/* 0 would mean that there is nothing to compare */
	cb->seq = atomic_read(&generation) + 1;
	while (!err && (dev = rnbd_clt_dev_next(cb->args[0]))) {
		head = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				   NLM_F_MULTI, RNBD_CMD_DEVICE_GET);
		err = head ? fill_device(skb, dev, cb->seq - 1) : -EMSGSIZE;
		if (!err) {
			genl_dump_check_consistent(cb, head);
			genlmsg_end(skb, head);
			cb->args[0] = dev->id;
		} else if (head) {
			genlmsg_cancel(skb, head);
		}
		rnbd_clt_dev_put(dev);
	}
	/* a full buffer asks to be called again */
	return skb->len ?: err;
}

/* ---- mapping ---- */

static int take_path(struct genl_info *info, struct nlattr *nest, struct rtrs_addr_pair *pair)
{
	static const struct nla_policy policy[RNBD_PATH_A_MAX + 1] = {
		[RNBD_PATH_A_SRC]	= { .type = NLA_NESTED },
		[RNBD_PATH_A_DST]	= { .type = NLA_NESTED },
	};
	struct nlattr *tb[RNBD_PATH_A_MAX + 1];
	int err;

	err = nla_parse_nested(tb, RNBD_PATH_A_MAX, nest, policy, info->extack);
	if (err)
		return err;
	if (!tb[RNBD_PATH_A_DST]) {
		NL_SET_ERR_MSG_ATTR(info->extack, nest, "a path has a destination");
		return -EINVAL;
	}
	return genl_take_pair(info, nest, tb[RNBD_PATH_A_SRC], tb[RNBD_PATH_A_DST], pair);
}

static int take_fast_io_fail(struct genl_info *info, int *seconds)
{
	struct nlattr *attr = info->attrs[RNBD_A_FAST_IO_FAIL];

	*seconds = attr ? nla_get_s32(attr) : RNBD_FAST_IO_FAIL_NONE;
	if (!attr || rnbd_fast_io_fail_ok(*seconds))
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "neither 0 to 86400 seconds nor -1");
	return -EINVAL;
}

/* Paths repeat, so the parsed table holds only the last one. Nothing else may. */
static int take_paths(struct genl_info *info, struct rnbd_map_options *opt)
{
	struct nlattr *attr;
	u64 seen = 0;
	int rem, err;

	BUILD_BUG_ON(RNBD_A_MAX >= 64);
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rem) {
		if (nla_type(attr) != RNBD_A_PATH) {
			if (seen & BIT_ULL(nla_type(attr))) {
				NL_SET_ERR_MSG_ATTR(info->extack, attr, "attribute given twice");
				return -EINVAL;
			}
			seen |= BIT_ULL(nla_type(attr));
			continue;
		}
		if (opt->path_count == RNBD_MAP_MAX_PATHS) {
			NL_SET_ERR_MSG_ATTR(info->extack, attr, "more than 6 paths");
			return -ENOMEM;
		}
		err = take_path(info, attr, &opt->paths[opt->path_count]);
		if (err)
			return err;
		opt->path_count++;
	}
	return 0;
}

static int take_names(struct genl_info *info, struct rnbd_map_options *opt)
{
	struct nlattr *session = info->attrs[RNBD_A_SESSION];
	struct nlattr *device = info->attrs[RNBD_A_REMOTE_PATH];

	if (!session || !device) {
		GENL_SET_ERR_MSG(info, "session name and remote path are needed");
		return -EINVAL;
	}
	nla_strscpy(opt->session, session, sizeof(opt->session));
	if (rtrs_name_check(opt->session, sizeof(opt->session))) {
		NL_SET_ERR_MSG_ATTR(info->extack, session,
				    "empty, or a byte is not printable or one of / . !");
		return -EINVAL;
	}
	nla_strscpy(opt->device, device, sizeof(opt->device));
	if (rnbd_device_name_check(opt->device, sizeof(opt->device))) {
		NL_SET_ERR_MSG_ATTR(info->extack, device,
				    "empty, not printable, a '!' or a \"..\"");
		return -EINVAL;
	}
	return 0;
}

/* Labels become names of links and words in scripts: printable, no slash. */
static int take_label(struct genl_info *info, struct nlattr *attr, char *label)
{
	const char *byte;

	if (!attr)
		return 0;
	nla_strscpy(label, attr, RNBD_MAP_TAG_LEN);
	for (byte = label; *byte; byte++)
		if (*byte < 0x21 || *byte > 0x7e || *byte == '/')
			break;
	if (label[0] && !*byte)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, attr, "empty, or a byte is not printable or a slash");
	return -EINVAL;
}

static int take_numbers(struct genl_info *info, struct rnbd_map_options *opt)
{
	struct nlattr *polls = info->attrs[RNBD_A_NR_POLL_QUEUES];
	int cpus = num_possible_cpus();

	opt->port = RNBD_WIRE_PORT;
	opt->port_given = info->attrs[RNBD_A_PORT];
	if (opt->port_given)
		opt->port = nla_get_u16(info->attrs[RNBD_A_PORT]);
	opt->access = RNBD_ACCESS_RW;
	if (info->attrs[RNBD_A_ACCESS])
		opt->access = nla_get_u32(info->attrs[RNBD_A_ACCESS]);
	if (!polls)
		return 0;
	opt->nr_poll_queues = nla_get_s32(polls);
	if (opt->nr_poll_queues == -1)
		opt->nr_poll_queues = cpus;
	if (opt->nr_poll_queues >= 0 && opt->nr_poll_queues <= cpus)
		return 0;
	NL_SET_ERR_MSG_ATTR(info->extack, polls, "not from -1 to the number of CPUs");
	return -EINVAL;
}

static int take_options(struct genl_info *info, struct rnbd_map_options *opt)
{
	int err;

	err = take_names(info, opt);
	if (!err)
		err = take_numbers(info, opt);
	if (!err)
		err = take_fast_io_fail(info, &opt->fast_io_fail);
	if (!err)
		err = take_paths(info, opt);
	if (!err)
		err = take_label(info, info->attrs[RNBD_A_TAG], opt->tag);
	if (!err)
		err = take_label(info, info->attrs[RNBD_A_OWNER], opt->owner);
	return err;
}

static int device_map(struct sk_buff *in, struct genl_info *info)
{
	struct rnbd_map_options *opt;
	struct rnbd_clt_dev *dev;
	int err;

	err = genl_check_admin(info);
	if (err)
		return err;
	opt = kzalloc(sizeof(*opt), GFP_KERNEL);
	if (!opt)
		return -ENOMEM;
	err = take_options(info, opt);
	if (err)
		goto out;
	dev = rnbd_clt_dev_map(opt);
	if (IS_ERR(dev)) {
		err = PTR_ERR(dev);
		GENL_SET_ERR_MSG_FMT(info, "%s", rnbd_clt_map_refusal(err));
		goto out;
	}
	err = reply_device(info, dev, RNBD_CMD_DEVICE_MAP);
	rnbd_clt_dev_put(dev);
out:
	kfree(opt);
	return err;
}

static int device_unmap(struct sk_buff *in, struct genl_info *info)
{
	struct rnbd_clt_dev *dev;
	int err;

	err = genl_check_admin(info);
	if (!err)
		err = find_device(info, false, &dev);
	if (err)
		return err;
	err = rnbd_clt_dev_unmap(dev, nla_get_flag(info->attrs[RNBD_A_FORCE]));
	if (err == -EBUSY)
		GENL_SET_ERR_MSG(info, "the disk is in use");
	else if (err == -EALREADY)
		GENL_SET_ERR_MSG(info, "it is being unmapped");
	rnbd_clt_dev_put(dev);
	return err;
}

static int device_remap(struct sk_buff *in, struct genl_info *info)
{
	struct rnbd_clt_dev *dev;
	u32 ticket;
	int err;

	err = genl_check_admin(info);
	if (!err)
		err = find_device(info, false, &dev);
	if (err)
		return err;
	err = rnbd_clt_dev_remap(dev, &ticket);
	if (err == -EALREADY)
		GENL_SET_ERR_MSG(info, "it is mapped");
	else if (err == -ENOTCONN)
		GENL_SET_ERR_MSG(info, "the session is not connected");
	rnbd_clt_dev_put(dev);
	return err;
}

static int device_set(struct sk_buff *in, struct genl_info *info)
{
	struct rnbd_clt_dev *dev;
	int seconds, err;

	err = genl_check_admin(info);
	if (!err)
		err = take_fast_io_fail(info, &seconds);
	if (!err)
		err = find_device(info, false, &dev);
	if (err)
		return err;
	if (seconds != RNBD_FAST_IO_FAIL_NONE)
		err = rnbd_clt_dev_set_fast_io_fail(dev, seconds);
	rnbd_clt_dev_put(dev);
	return err;
}

/* ---- family ---- */

/* What is not named is refused. */
static const struct nla_policy none_policy[RNBD_A_MAX + 1] = { };

static const struct nla_policy get_policy[RNBD_A_MAX + 1] = {
	[RNBD_A_ID]		= { .type = NLA_U32 },
	[RNBD_A_DISK]		= { .type = NLA_NUL_STRING, .len = DISK_NAME_LEN - 1 },
};

static const struct nla_policy map_policy[RNBD_A_MAX + 1] = {
	[RNBD_A_SESSION]	= { .type = NLA_NUL_STRING, .len = RTRS_WIRE_NAME_LEN - 1 },
	[RNBD_A_REMOTE_PATH]	= { .type = NLA_NUL_STRING, .len = RNBD_WIRE_NAME_LEN - 1 },
	[RNBD_A_ACCESS]		= NLA_POLICY_MAX(NLA_U32, RNBD_GENL_MIGRATION),
	[RNBD_A_NR_POLL_QUEUES]	= { .type = NLA_S32 },
	[RNBD_A_TAG]		= { .type = NLA_NUL_STRING, .len = RNBD_MAP_TAG_LEN - 1 },
	[RNBD_A_OWNER]		= { .type = NLA_NUL_STRING, .len = RNBD_MAP_TAG_LEN - 1 },
	[RNBD_A_PATH]		= { .type = NLA_NESTED },
	[RNBD_A_PORT]		= { .type = NLA_U16 },
	[RNBD_A_FAST_IO_FAIL]	= { .type = NLA_S32 },
};

static const struct nla_policy unmap_policy[RNBD_A_MAX + 1] = {
	[RNBD_A_ID]		= { .type = NLA_U32 },
	[RNBD_A_FORCE]		= { .type = NLA_FLAG },
};

static const struct nla_policy id_policy[RNBD_A_MAX + 1] = {
	[RNBD_A_ID]		= { .type = NLA_U32 },
};

static const struct nla_policy set_policy[RNBD_A_MAX + 1] = {
	[RNBD_A_ID]		= { .type = NLA_U32 },
	[RNBD_A_FAST_IO_FAIL]	= { .type = NLA_S32 },
};

static const struct genl_ops ops[] = {
	{
		.cmd	= RNBD_CMD_INFO_GET,
		.doit	= info_get,
		.policy	= none_policy,
		.maxattr = RNBD_A_MAX,
	}, {
		.cmd	= RNBD_CMD_DEVICE_GET,
		.doit	= device_get,
		.dumpit	= device_dump,
		.policy	= get_policy,
		.maxattr = RNBD_A_MAX,
	}, {
		.cmd	= RNBD_CMD_DEVICE_MAP,
		.doit	= device_map,
		.policy	= map_policy,
		.maxattr = RNBD_A_MAX,
		.flags	= GENL_ADMIN_PERM,
	}, {
		.cmd	= RNBD_CMD_DEVICE_UNMAP,
		.doit	= device_unmap,
		.policy	= unmap_policy,
		.maxattr = RNBD_A_MAX,
		.flags	= GENL_ADMIN_PERM,
	}, {
		.cmd	= RNBD_CMD_DEVICE_REMAP,
		.doit	= device_remap,
		.policy	= id_policy,
		.maxattr = RNBD_A_MAX,
		.flags	= GENL_ADMIN_PERM,
	}, {
		.cmd	= RNBD_CMD_DEVICE_SET,
		.doit	= device_set,
		.policy	= set_policy,
		.maxattr = RNBD_A_MAX,
		.flags	= GENL_ADMIN_PERM,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = RNBD_GENL_MCGRP_EVENTS },
};

static struct genl_family family __ro_after_init = {
	.name		= RNBD_CLIENT_GENL_NAME,
	.version	= RNBD_GENL_VERSION,
	.maxattr	= RNBD_A_MAX,
	.policy		= none_policy,
	.module		= THIS_MODULE,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
	.resv_start_op	= RNBD_CMD_UNSPEC + 1,
};

int rnbd_clt_genl_init(void)
{
	return genl_register_family(&family);
}

void rnbd_clt_genl_exit(void)
{
	genl_unregister_family(&family);
}
