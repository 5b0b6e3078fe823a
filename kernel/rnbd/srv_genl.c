// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Generic netlink family "rnbd-server": what the module is, and its mappings
 * as export objects (get, dump, events). Reads only, open to everybody as the
 * sysfs files are. Objects are walked under rnbd_srv_exports_lock; events come
 * from the admin work of a session or its end.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include "compat/genl.h"
#include "server.h"
#include "uapi/rnbd_netlink.h"
#include "version.h"

static struct genl_family family;
/* Counts events, so that a reader sees whether its dump was overtaken by one. */
static atomic_t generation = ATOMIC_INIT(1);

static u32 generation_now(void)
{
	return atomic_read(&generation);
}

static int put_bdev(struct sk_buff *skb, const struct rnbd_dev_info *info)
{
	if (nla_put_u64_64bit(skb, RNBD_A_SECTORS, info->nsectors, RNBD_A_PAD) ||
	    nla_put_u32(skb, RNBD_A_LOGICAL_BLOCK, info->logical_block_size) ||
	    nla_put_u32(skb, RNBD_A_PHYSICAL_BLOCK, info->physical_block_size) ||
	    nla_put_u8(skb, RNBD_A_DISCARD, !!info->max_discard_sectors) ||
	    nla_put_u8(skb, RNBD_A_WRITE_ZEROES, !!info->max_write_zeroes_sectors) ||
	    nla_put_u8(skb, RNBD_A_SECURE_ERASE, !!info->secure_erase_sectors) ||
	    nla_put_u8(skb, RNBD_A_WRITE_CACHE, info->writeback) ||
	    nla_put_u8(skb, RNBD_A_FUA, info->fua))
		return -EMSGSIZE;
	return 0;
}

static int put_state(struct sk_buff *skb, const struct rnbd_srv_mapping *mapping,
		     enum rnbd_genl_dev_state state, enum rtrs_cause cause)
{
	if (nla_put_u32(skb, RNBD_A_STATE, state) ||
	    nla_put_string(skb, RNBD_A_CAUSE, rtrs_cause_token(cause)) ||
	    nla_put_string(skb, RNBD_A_CAUSE_TEXT, rtrs_cause_text(cause)) ||
	    nla_put_s32(skb, RNBD_A_ERROR, 0) ||
	    nla_put_u8(skb, RNBD_A_REMOTE, 0) ||
	    nla_put_u64_64bit(skb, RNBD_A_SINCE_MS,
			      ktime_ms_delta(ktime_get(), mapping->since), RNBD_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_export(struct sk_buff *skb, const struct rnbd_srv_mapping *mapping)
{
	if (nla_put_u32(skb, RNBD_A_ID, mapping->id) ||
	    nla_put_u32(skb, RNBD_A_GENERATION, generation_now()) ||
	    nla_put_string(skb, RNBD_A_BDEV, mapping->export->name) ||
	    nla_put_string(skb, RNBD_A_SESSION, mapping->session->name) ||
	    nla_put_string(skb, RNBD_A_REMOTE_PATH, mapping->name) ||
	    nla_put_u32(skb, RNBD_A_ACCESS, mapping->access) ||
	    nla_put_u8(skb, RNBD_A_READ_ONLY, mapping->target.read_only) ||
	    nla_put_u32(skb, RNBD_A_DEVICE_ID, mapping->device_id))
		return -EMSGSIZE;
	return put_bdev(skb, &mapping->info);
}

static int export_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct rnbd_srv_mapping *mapping;
	struct sk_buff *reply;
	int err = -EMSGSIZE;
	void *hdr;

	if (!info->attrs[RNBD_A_ID]) {
		GENL_SET_ERR_MSG(info, "the id of an export is needed, or a dump");
		return -EINVAL;
	}
	reply = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &family, 0, RNBD_CMD_EXPORT_GET);
	if (!hdr)
		goto err_reply;
	mutex_lock(&rnbd_srv_exports_lock);
	mapping = xa_load(&rnbd_srv_objects, nla_get_u32(info->attrs[RNBD_A_ID]));
	if (mapping)
		err = put_export(reply, mapping) ?:
		      put_state(reply, mapping, RNBD_STATE_MAPPED, RTRS_CAUSE_NONE);
	else
		err = -ENOENT;
	mutex_unlock(&rnbd_srv_exports_lock);
	if (err) {
		if (err == -ENOENT)
			NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[RNBD_A_ID],
					    "no export has this id");
		goto err_reply;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);

err_reply:
	nlmsg_free(reply);
	return err;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    const struct rnbd_srv_mapping *mapping)
{
	void *hdr = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq, &family,
				NLM_F_MULTI, RNBD_CMD_EXPORT_GET);

	if (!hdr)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, hdr);
	if (put_export(skb, mapping) ||
	    put_state(skb, mapping, RNBD_STATE_MAPPED, RTRS_CAUSE_NONE)) {
		genlmsg_cancel(skb, hdr);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, hdr);
	return 0;
}

/* cb->args[0]: first id not yet dumped. */
static int export_get_dumpit(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct rnbd_srv_mapping *mapping;
	unsigned long id;
	int err = 0;

	mutex_lock(&rnbd_srv_exports_lock);
	cb->seq = generation_now();
	xa_for_each_start(&rnbd_srv_objects, id, mapping, cb->args[0]) {
		err = dump_one(skb, cb, mapping);
		if (err)
			break;
		cb->args[0] = id + 1;
	}
	mutex_unlock(&rnbd_srv_exports_lock);
	/* what did not fit comes in the next round */
	return skb->len ? skb->len : err;
}

static int info_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *reply = genlmsg_new(NLMSG_DEFAULT_SIZE + PAGE_SIZE, GFP_KERNEL);
	void *hdr;

	if (!reply)
		return -ENOMEM;
	hdr = genlmsg_put_reply(reply, info, &family, 0, RNBD_CMD_INFO_GET);
	if (!hdr ||
	    nla_put_string(reply, RNBD_A_MODULE, RNBD_SERVER_GENL_NAME) ||
	    nla_put_string(reply, RNBD_A_VERSION, RNBD_VERSION) ||
	    nla_put_u64_64bit(reply, RNBD_A_FEATURES, 0, RNBD_A_PAD) ||
	    nla_put_u32(reply, RNBD_A_GENERATION, generation_now()) ||
	    (*rnbd_srv_search_path &&
	     nla_put_string(reply, RNBD_A_SEARCH_PATH, rnbd_srv_search_path))) {
		nlmsg_free(reply);
		return -EMSGSIZE;
	}
	genlmsg_end(reply, hdr);
	return genlmsg_reply(reply, info);
}

static const struct nla_policy get_policy[RNBD_A_ID + 1] = {
	[RNBD_A_ID] = { .type = NLA_U32 },
};

/* Refuses every attribute; without a policy they would pass unread. */
static const struct nla_policy info_policy[RNBD_A_PAD + 1] = {};

static const struct genl_ops ops[] = {
	{
		.cmd		= RNBD_CMD_INFO_GET,
		.policy		= info_policy,
		.maxattr	= RNBD_A_PAD,
		.doit		= info_get_doit,
	},
	{
		.cmd		= RNBD_CMD_EXPORT_GET,
		.policy		= get_policy,
		.maxattr	= RNBD_A_ID,
		.doit		= export_get_doit,
		.dumpit		= export_get_dumpit,
	},
};

static const struct genl_multicast_group groups[] = {
	{ .name = RNBD_GENL_MCGRP_EVENTS },
};

static struct genl_family family __ro_after_init = {
	.name		= RNBD_SERVER_GENL_NAME,
	.version	= RNBD_GENL_VERSION,
	.module		= THIS_MODULE,
	.ops		= ops,
	.n_ops		= ARRAY_SIZE(ops),
	.resv_start_op	= __RNBD_CMD_MAX,
	.mcgrps		= groups,
	.n_mcgrps	= ARRAY_SIZE(groups),
};

static const struct {
	enum rnbd_genl_event event;
	enum rnbd_genl_dev_state state;
} changes[] = {
	[RNBD_SRV_ADDED]	= { RNBD_EVENT_ADDED, RNBD_STATE_MAPPED },
	[RNBD_SRV_CHANGED]	= { RNBD_EVENT_CHANGED, RNBD_STATE_MAPPED },
	[RNBD_SRV_REMOVED]	= { RNBD_EVENT_REMOVED, RNBD_STATE_UNMAPPED },
};

void rnbd_srv_genl_event(const struct rnbd_srv_mapping *mapping, enum rnbd_srv_change change,
			 enum rtrs_cause cause)
{
	struct sk_buff *skb;
	void *hdr;

	atomic_inc(&generation);
	if (!genl_has_listeners(&family, &init_net, 0))
		return;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb) {
		/* listeners look at everything again, as if they had been too slow to read */
		genl_set_err(&family, &init_net, 0, 0, -ENOBUFS);
		return;
	}
	hdr = genlmsg_put(skb, 0, 0, &family, 0, RNBD_CMD_EXPORT_NTF);
	if (!hdr || put_export(skb, mapping) ||
	    put_state(skb, mapping, changes[change].state, cause) ||
	    nla_put_u32(skb, RNBD_A_EVENT, changes[change].event)) {
		nlmsg_free(skb);
		return;
	}
	genlmsg_end(skb, hdr);
	genlmsg_multicast(&family, skb, 0, 0, GFP_KERNEL);
}

int rnbd_srv_genl_init(void)
{
	return genl_register_family(&family);
}

void rnbd_srv_genl_exit(void)
{
	genl_unregister_family(&family);
}
