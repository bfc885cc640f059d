/* The adapter's queues: when what it has to tell becomes a cause.  Shared by
 * the files of nic_node only. */
#ifndef MODELS_PCIE_NIC_NODE_QUEUE_H
#define MODELS_PCIE_NIC_NODE_QUEUE_H

#include "models/pcie/nic_node.h"

/* The timer of queue q is event `first` + q of the target. */
void nic_queues_init(struct nic_node *n, uint16_t target, uint16_t first);

/* Packets are reported; only while pcie_node_ready(). */
void nic_queue_packets(struct nic_node *n, unsigned queue, uint64_t packets);

void nic_queue_timer(struct nic_node *n, unsigned queue);

/* Software has served the causes of a set. */
void nic_queues_served(struct nic_node *n, uint32_t causes);

/* The FIFO may have room for causes that wait for it. */
void nic_queues_retry(struct nic_node *n);

#endif
