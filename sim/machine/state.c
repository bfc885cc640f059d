/* The hash of a machine's state: its nodes, field by field. */
#include "sim/machine/state.h"

#include <string.h>

#include "sim/explore/hash.h"
#include "sim/machine/machine_private.h"

struct hash {
    uint64_t value;
    sim_time from; /* times count from here */
};

static void put(struct hash *h, uint64_t value)
{
    h->value = hash_mix(h->value, value);
}

static void put_bytes(struct hash *h, const void *data, size_t bytes)
{
    h->value = hash_bytes(h->value, data, bytes);
}

#define PUT(h, object) put_bytes(h, &(object), sizeof(object))

static void put_time(struct hash *h, sim_time time)
{
    put(h, time == SIM_TIME_NEVER ? time : time - h->from);
}

/* The bytes between members are anything, and so are a message's that are of
 * another kind. */
static void put_msg(struct hash *h, const struct msg *msg)
{
    put(h, msg->kind);
    switch (msg->kind) {
    case MSG_WRITE:
        put(h, msg->write.addr);
        put(h, msg->write.data);
        put(h, (uint64_t)msg->write.requester << 32 | msg->write.bytes);
        break;
    case MSG_APIC:
        PUT(h, msg->apic);
        break;
    case MSG_LINE:
        PUT(h, msg->line);
        break;
    case MSG_EOI:
        put(h, msg->eoi_vector);
    }
}
_Static_assert(sizeof(struct msg_apic) == 16 && sizeof(struct msg_line) == 3,
               "nothing is between their members");

/* Which pages came first does not matter, nor that one was only read. */
static void put_memory(struct hash *h, const struct mem *mem)
{
    uint64_t sum = 0, word;

    for (uint32_t i = 0; i < mem->capacity; i++) {
        const struct mem_page *p = &mem->page[i];

        for (size_t at = 0; p->number && at < sizeof p->byte;
             at += sizeof word) {
            memcpy(&word, &p->byte[at], sizeof word);
            if (word)
                sum += hash_mix(p->number * MEM_PAGE_BYTES + at, word);
        }
    }
    put(h, sum);
}

/* ---- CPUs ---- */

/* The timer counts edges of its own clock.  What the APIC is does not change,
 * and the bytes between its members are anything. */
static void put_lapic(struct hash *h, const struct lapic *lapic,
                      const struct clock clock[2])
{
    struct lapic copy = *lapic;

    memset(&copy.config, 0, sizeof copy.config);
    if (copy.timer_expiry)
        copy.timer_expiry -= clock_cycles(&clock[0], h->from);
    if (copy.tsc_deadline)
        copy.tsc_deadline -= clock_cycles(&clock[1], h->from);
    PUT(h, copy);
}

static void put_lapic_node(struct hash *h, const struct lapic_node *n)
{
    struct clock clocks[2] = {n->config.timer_clock, n->config.tsc_clock};

    put_lapic(h, &n->lapic, clocks);
    put(h, n->intr_high);
    put(h, n->extint_high);
    put(h, n->sending_count);
    for (uint32_t i = 0; i < n->sending_count; i++) {
        const struct lapic_sending *s =
            &n->sending[(n->sending_first + i) % LAPIC_SEND_MAX];

        put_time(h, s->due);
        put_msg(h, &s->message);
    }
    put(h, n->bus_free > h->from ? n->bus_free - h->from : 0);
}

/* Which VMCS is current is told by its place, beside the CPU's hypervisor. */
static void put_core(struct hash *h, const struct machine_cpu *c)
{
    const struct cpu_node *n = &c->node;
    struct cpu copy = n->cpu;
    uint64_t tsc = clock_cycles(&n->config.clock, h->from);

    put(h, copy.vmcs ? (uintptr_t)copy.vmcs - (uintptr_t)c->kvm : 0);
    copy.vmcs = NULL;
    copy.pause_loop.first -= copy.pause_loop.begun ? tsc : 0;
    copy.pause_loop.last -= copy.pause_loop.begun ? tsc : 0;
    PUT(h, copy);
}

static void put_exit(struct hash *h, const struct cpu_exit *x)
{
    put(h, x->reason);
    put(h, x->qualification);
    put(h, (uint64_t)x->intr_info << 32 | x->error_code);
    put(h, (uint64_t)x->idt_vectoring_info << 32 | x->idt_vectoring_error_code);
    put(h, x->instruction_length);
    put(h, x->guest_physical_address);
    put(h, x->guest_linear_address);
}

static void put_cpu(struct hash *h, const struct machine_cpu *c)
{
    const struct cpu_node *n = &c->node;

    put_core(h, c);
    put(h, n->step);
    if (n->step == STEP_WORK)
        put_time(h, n->start);
    put(h, n->awake);
    put(h, n->stall);
    put(h, n->pollution);
    if (n->step == STEP_EXIT)
        put_exit(h, &n->exit);
    if (n->step == STEP_DELIVERY) {
        put(h, n->vectored.vector);
        put(h, n->vectored.type);
        put(h, n->vectored.has_error_code);
        put(h, n->vectored.extint);
        put(h, n->vectored.error_code);
        put(h, n->vectored.return_rip);
    }
    put(h, n->vectored_no_eoi);
}

/* ---- software ---- */

static void forget_identities(struct kvm *k)
{
    k->vmcs.inject_irq = 0;
    memset(k->vmcs.virr_irq, 0, sizeof k->vmcs.virr_irq);
    memset(k->vmcs.visr_irq, 0, sizeof k->vmcs.visr_irq);
    memset(k->queued_irq, 0, sizeof k->queued_irq);
    memset(k->nmi_irq, 0, sizeof k->nmi_irq);
    memset(k->inbox_irq, 0, sizeof k->inbox_irq);
    k->again.irq = 0;
    memset(k->vmcs.exits, 0, sizeof k->vmcs.exits);
}

static void put_kvm(struct hash *h, const struct kvm *kvm)
{
    struct clock clocks[2] = {kvm->config.timer_clock, kvm->config.core_clock};
    struct kvm copy = *kvm;

    put_lapic(h, &copy.vlapic, clocks);
    put(h,
        copy.blocked && copy.config.poll.most ? h->from - copy.poll.since : 0);
    copy.poll.since = 0;
    copy.poll.counts = (struct kvm_poll_counts){0};
    memset(&copy.vlapic, 0, sizeof copy.vlapic);
    copy.unexpected = 0;
    copy.since = 0;
    copy.config.host = NULL;
    forget_identities(&copy);
    PUT(h, copy);
}

static void put_host_cpu(struct hash *h, const struct kvm_cpu *c)
{
    put_time(h, c->next_tick);
    put(h, c->kick);
    put(h, c->notify);
    put(h, c->current);
    put_time(h, c->slice_end);
    put(h, c->resched);
    put(h, c->rearm);
    put(h, c->claimed);
}

static void put_host(struct hash *h, const struct kvm_host *host)
{
    put(h, host->waiting);
    put_bytes(h, host->queue, host->waiting);
}

static void put_workload(struct hash *h, const struct workload *workload)
{
    struct workload copy = *workload;

    copy.faults = copy.nmis = copy.spurious = 0;
    copy.thread.signal = 0;
    copy.thread.handled = 0;
    PUT(h, copy);
}

/* ---- devices and what is under way ---- */

static void put_function(struct hash *h, const struct pcie_node *n)
{
    PUT(h, n->pcie);
    put(h, n->count);
    for (uint32_t i = 0; i < n->count; i++) {
        const struct pcie_posted *p = &n->fifo[(n->first + i) % PCIE_FIFO];

        put_time(h, p->arrival);
        put_msg(h, &p->msg);
    }
    put(h, n->intx);
    put(h, n->intx_told);
}

static void put_queue(struct hash *h, const struct nic_queue *q)
{
    PUT(h, q->coalesce);
    put_time(h, q->packet_at);
    put_time(h, q->absolute_at);
    put(h, q->in_service);
}

static void put_device(struct hash *h, const struct nic_node *n)
{
    const uint64_t counts[] = {n->txwb,   n->rxwb,      n->queued,
                               n->sent,   n->acked,     n->pulses,
                               n->groups, n->completed, n->due_queues};

    put_function(h, &n->fn);
    PUT(h, n->rng);
    PUT(h, counts);
    put(h, n->completion_waits);
    put(h, n->ack_waits);
    put(h, n->pulses_waiting);
    put(h, n->pulse_vector);
    if (event_scheduled(&n->wire))
        put_time(h, n->wire_since);
    if (event_scheduled(&n->pulse))
        put_time(h, n->pulse_time);
    put(h, n->sent - n->told_sent);
    put(h, n->acked - n->told_acked);
    for (unsigned q = 0; q < NIC_QUEUES; q++)
        put_queue(h, &n->queue[q]);
    for (uint32_t i = 0; i < n->groups; i++) {
        const struct nic_group *g =
            &n->group[(n->first_group + i) % NIC_GROUPS];

        put_time(h, g->acked_at);
        put(h, g->jitter);
        put(h, g->count);
    }
}

struct pending {
    const struct machine *machine;
    sim_time earliest;
    uint64_t sum;
};

static void find_earliest(void *ctx, struct event *ev)
{
    struct pending *p = ctx;

    if (ev->time < p->earliest)
        p->earliest = ev->time;
}

/* Its messages, not their events, count of the fabric. */
static void add_pending(void *ctx, struct event *ev)
{
    struct pending *p = ctx;
    struct hash one = {.from = p->earliest};

    if (ev->target == p->machine->fabric.target)
        return;
    put(&one, (uint64_t)ev->target << 16 | ev->what);
    put_time(&one, ev->time);
    p->sum += one.value;
}

/* What is scheduled, for all nodes; the order among equals is not settled.
 * Nothing will happen before the earliest event, from which all times count:
 * which of several events was run last does not matter. */
static void put_pending(struct hash *h, const struct machine *m)
{
    struct pending p = {.machine = m, .earliest = SIM_TIME_NEVER};

    engine_each(&m->engine, find_earliest, &p);
    h->from = p.earliest;
    engine_each(&m->engine, add_pending, &p);
    put(h, p.sum);
}

/* The pin of an I/O APIC that waits for the answer to a message; 0: none. */
static uint64_t asking_pin(const struct machine *m, irq_id asked)
{
    for (unsigned i = 0; asked && i < m->ioapics; i++)
        for (unsigned pin = 0; pin < IOAPIC_PINS_MAX; pin++)
            if (m->ioapic[i].asked_irq[pin] == asked)
                return i * IOAPIC_PINS_MAX + pin + 1;
    return 0;
}

/* Messages are told apart by what they are, not by where they are kept. */
static void put_fabric(struct hash *h, const struct machine *m)
{
    const struct fabric *f = &m->fabric;
    uint64_t sum = 0;

    put(h, f->last_winner);
    for (uint32_t i = 0; i < FABRIC_MESSAGES; i++) {
        const struct fabric_message *message = &f->message[i];
        struct hash one = {.from = h->from};

        if (!message->in_use)
            continue;
        put_time(&one, message->event.time);
        put_msg(&one, &message->msg);
        put(&one, message->cpu);
        put(&one, asking_pin(m, message->asked));
        sum += one.value;
    }
    put(h, sum);
}

/* Between two requests nothing of the last one counts. */
static void put_request(struct hash *h, const struct iommu_node *n)
{
    const struct iommu *u = &n->iommu;

    put(h, u->request.addr);
    put(h, (uint64_t)u->request.data << 32 | u->request.bytes);
    put(h, u->request.sid);
    put(h, u->index);
    PUT(h, u->entry);
    PUT(h, u->line);
    put(h, (uint64_t)u->line_invalid << 1 | u->notify);
    put_msg(h, &n->current);
}

static void put_unit(struct hash *h, const struct machine_unit *u)
{
    const struct iommu_node *n = &u->node;
    struct iommu rest = n->iommu;

    if (!iommu_idle(&n->iommu))
        put_request(h, n);
    memset(&rest.request, 0, sizeof rest.request);
    rest.index = 0;
    memset(&rest.entry, 0, sizeof rest.entry);
    memset(rest.line, 0, sizeof rest.line);
    rest.line_invalid = rest.notify = false;
    PUT(h, rest);
    PUT(h, u->driver);
    put(h, n->count);
    for (uint32_t i = 0; i < n->count; i++)
        put_msg(h, &n->fifo[(n->first + i) % IOMMU_FIFO]);
}

/* What is chosen at the end of an instant counts while that lasts. */
static void put_ioapic(struct hash *h, const struct ioapic_node *n)
{
    PUT(h, n->ioapic);
    if (event_scheduled(&n->take_event))
        put_time(h, n->take_scheduled);
    if (event_scheduled(&n->send_event)) {
        put(h, n->sending.pin);
        put(h,
            (uint64_t)n->sending.message.addr << 32 | n->sending.message.data);
    }
}

static void put_pic(struct hash *h, const struct pic_node *n)
{
    PUT(h, n->pair);
    put(h, (uint64_t)n->int_high << 1 | n->direct);
}

/* The counter as it will be when times begin, unless something happens before;
 * what has happened up to the tick of the last call does not happen again. */
static void put_hpet(struct hash *h, const struct hpet_node *n)
{
    const struct hpet *block = &n->hpet;
    uint64_t tick = clock_cycles(&n->config.clock, h->from);
    bool runs = block->conf & HPET_ENABLE_CNF;

    put(h, block->counter + (runs ? tick - block->tick : 0));
    put(h, block->tick < tick ? 0 : block->tick - tick + 1);
    put(h, (uint64_t)block->conf << 32 | block->status);
    put(h, (uint64_t)block->edge << 32 | n->rising);
    put(h, n->wires);
    for (unsigned i = 0; i < HPET_TIMERS; i++) {
        const struct hpet_timer *t = &block->timer[i];

        put(h, t->conf);
        put(h, t->comparator);
        put(h, t->period);
        put(h, t->fsb);
    }
}

static void put_move(struct hash *h, const struct vtd_move *move)
{
    put(h, move->at);
    put(h, move->under_way);
}

static void put_launch(struct hash *h, const struct vtd_launch *l)
{
    put(h, l->begun);
    for (uint32_t i = 0; i < l->sources; i++)
        put(h, l->source[i].half);
}

static void put_posted(struct hash *h, const struct posted *p)
{
    put(h, p->count);
    for (uint32_t i = 0; i < p->count; i++) {
        const struct posted_write *w =
            &p->write[(p->first + i) % POSTED_WRITES];

        put_time(h, w->arrival);
        put(h, w->addr);
        put(h, w->value);
    }
}

uint64_t machine_hash(const struct machine *m)
{
    struct hash h = {0};

    put_pending(&h, m);
    put_memory(&h, &m->mem);
    put_fabric(&h, m);
    put_posted(&h, &m->posted);
    for (unsigned i = 0; i < m->cpus; i++) {
        const struct machine_cpu *c = &m->cpu[i];

        put_cpu(&h, c);
        put_lapic_node(&h, &c->lapic);
        if (c->host)
            put_host_cpu(&h, c->host);
    }
    put_host(&h, m->host);
    for (unsigned i = 0; i < m->vcpus; i++) {
        if (m->vcpu[i].kvm)
            put_kvm(&h, m->vcpu[i].kvm);
        put_workload(&h, m->vcpu[i].workload);
    }
    for (unsigned i = 0; i < m->units; i++)
        put_unit(&h, &m->unit[i]);
    if (m->launch)
        put_launch(&h, m->launch);
    for (unsigned i = 0; i < m->moves; i++)
        put_move(&h, m->move[i]);
    for (unsigned i = 0; i < m->devices; i++) {
        put_device(&h, &m->device[i]);
        put(&h, m->intx[i].asserted);
    }
    for (unsigned i = 0; i < m->ioapics; i++)
        put_ioapic(&h, &m->ioapic[i]);
    put(&h, m->hpet_wires);
    if (m->pic)
        put_pic(&h, m->pic);
    if (m->hpet)
        put_hpet(&h, m->hpet);
    return h.value;
}
