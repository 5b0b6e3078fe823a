// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Module rtrs-core: what both halves of the transport share. The decisions in
 * pure/ are linked in here once and exported to both.
 */
#include <linux/module.h>

#include "../version.h"
#include "core.h"
#include "pure/backoff.h"
#include "pure/bucket.h"
#include "pure/handshake.h"
#include "pure/io_msg.h"
#include "pure/mp_policy.h"
#include "pure/path_match.h"
#include "pure/path_step.h"

MODULE_DESCRIPTION("RDMA transport with several paths per session: common part");
MODULE_VERSION(RNBD_VERSION);
MODULE_LICENSE("GPL");

/* pure/addr_text.c */
EXPORT_SYMBOL_GPL(rtrs_addr_equal);
EXPORT_SYMBOL_GPL(rtrs_pair_equal);
EXPORT_SYMBOL_GPL(rtrs_addr_format);
EXPORT_SYMBOL_GPL(rtrs_addr_parse);
EXPORT_SYMBOL_GPL(rtrs_pair_format);
EXPORT_SYMBOL_GPL(rtrs_pair_parse);

/* pure/backoff.c */
EXPORT_SYMBOL_GPL(rtrs_attempts_left);
EXPORT_SYMBOL_GPL(rtrs_backoff_cap_ms);
EXPORT_SYMBOL_GPL(rtrs_backoff_ms);

/* pure/bucket.c */
EXPORT_SYMBOL_GPL(rtrs_bucket_take);

/* pure/cause.c */
EXPORT_SYMBOL_GPL(rtrs_cause_from_token);
EXPORT_SYMBOL_GPL(rtrs_cause_text);
EXPORT_SYMBOL_GPL(rtrs_cause_token);

/* pure/geometry.c */
EXPORT_SYMBOL_GPL(rtrs_ceil_log2);
EXPORT_SYMBOL_GPL(rtrs_geometry_from_params);
EXPORT_SYMBOL_GPL(rtrs_geometry_init);
EXPORT_SYMBOL_GPL(rtrs_imm_pack);
EXPORT_SYMBOL_GPL(rtrs_imm_request);
EXPORT_SYMBOL_GPL(rtrs_imm_request_parse);
EXPORT_SYMBOL_GPL(rtrs_imm_response);
EXPORT_SYMBOL_GPL(rtrs_imm_response_parse);
EXPORT_SYMBOL_GPL(rtrs_imm_unpack);

/* pure/handshake.c */
EXPORT_SYMBOL_GPL(rtrs_conn_req_build);
EXPORT_SYMBOL_GPL(rtrs_conn_req_parse);
EXPORT_SYMBOL_GPL(rtrs_conn_rsp_build);
EXPORT_SYMBOL_GPL(rtrs_conn_rsp_parse);
EXPORT_SYMBOL_GPL(rtrs_info_req_build);
EXPORT_SYMBOL_GPL(rtrs_info_req_parse);
EXPORT_SYMBOL_GPL(rtrs_info_rsp_build);
EXPORT_SYMBOL_GPL(rtrs_info_rsp_max);
EXPORT_SYMBOL_GPL(rtrs_info_rsp_parse);
EXPORT_SYMBOL_GPL(rtrs_info_rsp_set);
EXPORT_SYMBOL_GPL(rtrs_info_rsp_size);
EXPORT_SYMBOL_GPL(rtrs_name_check);

/* pure/heartbeat.c */
EXPORT_SYMBOL_GPL(rtrs_hb_heard);
EXPORT_SYMBOL_GPL(rtrs_hb_asked);
EXPORT_SYMBOL_GPL(rtrs_hb_init);
EXPORT_SYMBOL_GPL(rtrs_hb_next_pace);
EXPORT_SYMBOL_GPL(rtrs_hb_params_ok);
EXPORT_SYMBOL_GPL(rtrs_hb_tick);

/* pure/io_msg.c */
EXPORT_SYMBOL_GPL(rtrs_io_parse);
EXPORT_SYMBOL_GPL(rtrs_read_hdr_build);
EXPORT_SYMBOL_GPL(rtrs_rkey_build);
EXPORT_SYMBOL_GPL(rtrs_rkey_parse);
EXPORT_SYMBOL_GPL(rtrs_write_hdr_build);

/* pure/mp_policy.c */
EXPORT_SYMBOL_GPL(rtrs_mp_fold);
EXPORT_SYMBOL_GPL(rtrs_mp_name);
EXPORT_SYMBOL_GPL(rtrs_mp_next);
EXPORT_SYMBOL_GPL(rtrs_mp_none);
EXPORT_SYMBOL_GPL(rtrs_mp_parse);
EXPORT_SYMBOL_GPL(rtrs_mp_text);

/* pure/path_match.c */
EXPORT_SYMBOL_GPL(rtrs_match_begin);
EXPORT_SYMBOL_GPL(rtrs_match_path);
EXPORT_SYMBOL_GPL(rtrs_pair_covers);

/* pure/path_step.c */
EXPORT_SYMBOL_GPL(rtrs_clt_path_step);
EXPORT_SYMBOL_GPL(rtrs_path_state_name);
EXPORT_SYMBOL_GPL(rtrs_srv_path_step);

static int __init core_init(void)
{
	int ret = rtrs_heartbeat_module_init();

	if (ret)
		return ret;
	ret = rtrs_qp_module_init();
	if (ret)
		goto err_heartbeat;
	ret = rtrs_port_module_init();
	if (ret)
		goto err_qp;
	return 0;

err_qp:
	rtrs_qp_module_exit();
err_heartbeat:
	rtrs_heartbeat_module_exit();
	return ret;
}

static void __exit core_exit(void)
{
	rtrs_port_module_exit();
	rtrs_qp_module_exit();
	rtrs_heartbeat_module_exit();
}

module_init(core_init);
module_exit(core_exit);
