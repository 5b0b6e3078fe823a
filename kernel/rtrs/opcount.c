// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operation counters: what one I/O costs, counted where it is spent. Off by
 * default behind a static key, so that the I/O path pays one no-op. Client and
 * server own a set each; debugfs shows it. Tests compare it with the budget.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "core.h"

DEFINE_STATIC_KEY_FALSE(rtrs_opcount_on);
EXPORT_SYMBOL_GPL(rtrs_opcount_on);

static const char * const opcount_names[RTRS_OPCOUNTS] = {
	[RTRS_OPC_REQUESTS]	= "requests",
	[RTRS_OPC_SEND_WR]	= "send_wr",
	[RTRS_OPC_RECV_WR]	= "recv_wr",
	[RTRS_OPC_SEND_POST]	= "send_post",
	[RTRS_OPC_RECV_POST]	= "recv_post",
	[RTRS_OPC_CQE]		= "cqe",
	[RTRS_OPC_MR_REG]	= "mr_reg",
	[RTRS_OPC_MR_INV]	= "mr_inv",
	[RTRS_OPC_DMA_MAP]	= "dma_map",
	[RTRS_OPC_DMA_SYNC]	= "dma_sync",
	[RTRS_OPC_COPY_BYTES]	= "copy_bytes",
};

static u64 sum(const struct rtrs_opcounts *opc, unsigned int what)
{
	u64 total = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		total += per_cpu_ptr(opc->cells, cpu)[what];
	return total;
}

static int ops_show(struct seq_file *seq, void *unused)
{
	const struct rtrs_opcounts *opc = seq->private;
	unsigned int i;

	for (i = 0; i < RTRS_OPCOUNTS; i++)
		seq_printf(seq, "%s %llu\n", opcount_names[i], sum(opc, i));
	return 0;
}

static int ops_open(struct inode *inode, struct file *file)
{
	return single_open(file, ops_show, inode->i_private);
}

static ssize_t ops_write(struct file *file, const char __user *text, size_t len, loff_t *pos)
{
	struct rtrs_opcounts *opc = ((struct seq_file *)file->private_data)->private;
	bool on;
	int ret, cpu;

	ret = kstrtobool_from_user(text, len, &on);
	if (ret)
		return ret;
	if (!on) {
		static_branch_disable(&rtrs_opcount_on);
		return len;
	}
	for_each_possible_cpu(cpu)
		memset(per_cpu_ptr(opc->cells, cpu), 0, RTRS_OPCOUNTS * sizeof(u64));
	static_branch_enable(&rtrs_opcount_on);
	return len;
}

static const struct file_operations ops_fops = {
	.owner = THIS_MODULE,
	.open = ops_open,
	.read = seq_read,
	.write = ops_write,
	.llseek = seq_lseek,
	.release = single_release,
};

int rtrs_opcounts_create(struct rtrs_opcounts *opc, const char *dir_name)
{
	opc->cells = __alloc_percpu(RTRS_OPCOUNTS * sizeof(u64), sizeof(u64));
	if (!opc->cells)
		return -ENOMEM;
	opc->dir = debugfs_create_dir(dir_name, NULL);
	debugfs_create_file("ops", 0600, opc->dir, opc, &ops_fops);
	return 0;
}
EXPORT_SYMBOL_GPL(rtrs_opcounts_create);

void rtrs_opcounts_destroy(struct rtrs_opcounts *opc)
{
	debugfs_remove_recursive(opc->dir);
	opc->dir = NULL;
	free_percpu(opc->cells);
	opc->cells = NULL;
}
EXPORT_SYMBOL_GPL(rtrs_opcounts_destroy);
