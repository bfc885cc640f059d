/*
 * Every byte of a machine's nodes counts in the hash of its state, or is named
 * here as one that does not.
 */
#include <stdlib.h>
#include <string.h>

#include "sim/machine/state.h"
#include "sim/machine/test/rig.h"

#define SKIPPED 40u
#define MESSAGES 2u /* in each queue */

/* What of an object does not count, and why. */
struct skipped {
    const char *why;
    size_t from, bytes;
};

#define SKIP(type, member, reason)                                             \
    {                                                                          \
        reason, offsetof(type, member), sizeof(((type *)0)->member)            \
    }

struct object {
    const char *name;
    size_t bytes;
    unsigned char *(*at)(struct machine *m);
    struct skipped skipped[SKIPPED];
};

#define OBJECT(type, name, place)                                              \
    static unsigned char *name##_at(struct machine *m)                         \
    {                                                                          \
        return (unsigned char *)(place);                                       \
    }

OBJECT(struct cpu_node, cpu, &m->cpu[0].node)
OBJECT(struct lapic_node, lapic, &m->cpu[0].lapic)
OBJECT(struct kvm, kvm, m->vcpu[0].kvm)
OBJECT(struct kvm_cpu, host_cpu, m->cpu[0].host)
OBJECT(struct kvm_host, host, m->host)
OBJECT(struct workload, workload, m->vcpu[0].workload)
OBJECT(struct nic_node, device, &m->device[0])
OBJECT(struct nic_queue, queue, &m->device[0].queue[1])
OBJECT(struct pcie_posted, write, &m->device[0].fn.fifo[0])
OBJECT(struct machine_unit, unit, &m->unit[0])
OBJECT(struct fabric_message, message, &m->fabric.message[0])
OBJECT(struct ioapic_node, ioapic, &m->ioapic[0])
OBJECT(struct pic_node, pic, m->pic)
OBJECT(struct hpet_node, block, m->hpet)
OBJECT(struct hpet_timer, hpet_timer, &m->hpet->hpet.timer[HPET_TIMERS - 1])
OBJECT(struct posted, posted, &m->posted)
OBJECT(struct vtd_move, move, m->move[0])

static const char config[] = "does not change";
static const char identity[] = "identities";
static const char account[] = "accounts";
static const char event[] = "is among the events";
static const char place[] = "where in a ring it begins";
static const char beyond[] = "nothing is in this part of the queue";
static const char long_queue[] = "its low byte is looked at alone";
static const char between[] = "is between two members";
static const char elsewhere[] = "has a row of its own";

/* All but the first MESSAGES of an array. */
#define SKIP_REST(type, member)                                                \
    {                                                                          \
        beyond,                                                                \
            offsetof(type, member) +                                           \
                MESSAGES * sizeof(((type *)0)->member[0]),                     \
            sizeof(((type *)0)->member) -                                      \
                MESSAGES * sizeof(((type *)0)->member[0])                      \
    }

/* Of a number of entries: more than there is room for would be read. */
#define SKIP_HIGH(type, member)                                                \
    {                                                                          \
        long_queue, offsetof(type, member) + 1,                                \
            sizeof(((type *)0)->member) - 1                                    \
    }

/* What is left between two members that follow each other, or behind the last.
 */
#define GAP(type, before, after)                                               \
    {                                                                          \
        between, offsetof(type, before) + sizeof(((type *)0)->before),         \
            offsetof(type, after) - offsetof(type, before) -                   \
                sizeof(((type *)0)->before)                                    \
    }
#define GAP_AT_END(type, last)                                                 \
    {                                                                          \
        between, offsetof(type, last) + sizeof(((type *)0)->last),             \
            sizeof(type) - offsetof(type, last) - sizeof(((type *)0)->last)    \
    }

#define CPU(member, why) SKIP(struct cpu_node, member, why)
#define LAPIC(member, why) SKIP(struct lapic_node, member, why)
#define KVM(member, why) SKIP(struct kvm, member, why)
#define HOST_CPU(member, why) SKIP(struct kvm_cpu, member, why)
#define WORK(member, why) SKIP(struct workload, member, why)
#define NIC(member, why) SKIP(struct nic_node, member, why)
#define IOAPIC(member, why) SKIP(struct ioapic_node, member, why)
#define PIC(member, why) SKIP(struct pic_node, member, why)
#define HPET(member, why) SKIP(struct hpet_node, member, why)
#define UNIT(member, why) SKIP(struct machine_unit, member, why)

static const struct object objects[] = {
    {"cpu",
     sizeof(struct cpu_node),
     cpu_at,
     {CPU(config, config), CPU(step_event, event), CPU(timer_event, event),
      CPU(guest_timer_event, event), CPU(account, account),
      CPU(op_cost, config), CPU(share, account), CPU(settled, account),
      CPU(in_step, "is false between two events"), CPU(root_is_host, account),
      CPU(attributed, account), CPU(exit_reason, account),
      CPU(vectored_irq, identity), CPU(delivered_irq, identity),
      CPU(uirr_irq, identity),
      GAP(struct cpu_node, exit.reason, exit.qualification),
      GAP(struct cpu_node, exit.instruction_length,
          exit.guest_physical_address),
      GAP(struct cpu_node, vectored.has_error_code, vectored.error_code),
      GAP(struct cpu_node, vectored_no_eoi, delivered_irq)}},
    {"lapic",
     sizeof(struct lapic_node),
     lapic_at,
     {LAPIC(lapic.config, config), LAPIC(config, config),
      LAPIC(intr_event, event), LAPIC(timer_event, event),
      LAPIC(send_event, event), LAPIC(irr_irq, identity),
      LAPIC(isr_irq, identity), LAPIC(sending_first, place),
      LAPIC(sending[0].written, account), LAPIC(sending[1].written, account),
      LAPIC(sending[0].message, elsewhere),
      LAPIC(sending[1].message, elsewhere),
      SKIP_REST(struct lapic_node, sending),
      SKIP_HIGH(struct lapic_node, sending_count), LAPIC(warnings, account),
      LAPIC(icr_time, account), GAP(struct lapic_node, extint_high, sending)}},
    {"kvm",
     sizeof(struct kvm),
     kvm_at,
     {KVM(config.host, config), KVM(vmcs.inject_irq, identity),
      KVM(vmcs.exits, account), KVM(vmcs.virr_irq, identity),
      KVM(vmcs.visr_irq, identity), KVM(vlapic.config, config),
      KVM(since, account), KVM(queued_irq, identity), KVM(inbox_irq, identity),
      KVM(again.irq, identity), KVM(nmi_irq, identity),
      KVM(poll.counts, account), KVM(unexpected, account)}},
    {"host_cpu",
     sizeof(struct kvm_cpu),
     host_cpu_at,
     {HOST_CPU(config, config), HOST_CPU(host, config), HOST_CPU(boot, config),
      HOST_CPU(idt, config), HOST_CPU(stack, config), HOST_CPU(sharers, config),
      HOST_CPU(interrupts, account), HOST_CPU(nmis, account),
      GAP(struct kvm_cpu, claimed, interrupts)}},
    {"host",
     sizeof(struct kvm_host),
     host_at,
     {SKIP(struct kvm_host, time_slice, config),
      SKIP(struct kvm_host, cpu, elsewhere),
      SKIP(struct kvm_host, vcpus, config), SKIP(struct kvm_host, vcpu, config),
      SKIP_HIGH(struct kvm_host, waiting), SKIP_REST(struct kvm_host, queue),
      SKIP(struct kvm_host, counts, account), GAP(struct kvm_host, vcpus, vcpu),
      GAP(struct kvm_host, queue, counts)}},
    {"workload",
     sizeof(struct workload),
     workload_at,
     {WORK(faults, account), WORK(nmis, account), WORK(spurious, account),
      WORK(thread.signal, identity), WORK(thread.handled, account)}},
    {"device",
     sizeof(struct nic_node),
     device_at,
     {NIC(fn.config, config),
      NIC(fn.first, place),
      NIC(fn.fifo[0].msg, elsewhere),
      NIC(fn.fifo[1].msg, elsewhere),
      SKIP_REST(struct nic_node, fn.fifo),
      SKIP_HIGH(struct nic_node, fn.count),
      NIC(fn.arrive, event),
      NIC(fn.interval, event),
      NIC(fn.vector, account),
      NIC(fn.untold_since, account),
      NIC(fn.waits, account),
      NIC(fn.warnings, account),
      NIC(fn.intx_asserted, account),
      NIC(config, config),
      NIC(message_time, config),
      NIC(longest_step, config),
      NIC(first_group, place),
      SKIP_HIGH(struct nic_node, groups),
      SKIP_REST(struct nic_node, group),
      NIC(queue, elsewhere),
      NIC(wire, event),
      NIC(ack, event),
      NIC(pulse, event),
      GAP(struct nic_node, fn.intx_told, fn.arrive),
      GAP(struct nic_node, ack_waits, pulses_waiting),
      GAP(struct nic_node, pulse_vector, pulse_time)}},
    {"queue",
     sizeof(struct nic_queue),
     queue_at,
     {SKIP(struct nic_queue, timer, event),
      SKIP(struct nic_queue, counts, account),
      GAP(struct nic_queue, in_service, counts)}},
    {"write",
     sizeof(struct pcie_posted),
     write_at,
     {SKIP(struct pcie_posted, msg.irq, identity),
      GAP(struct pcie_posted, msg.kind, msg.irq),
      GAP_AT_END(struct pcie_posted, msg.write.requester)}},
    {"unit",
     sizeof(struct machine_unit),
     unit_at,
     {UNIT(machine, config), UNIT(node.config, config),
      UNIT(node.take_event, event), UNIT(node.memory_event, event),
      UNIT(node.first, place), UNIT(node.current, elsewhere),
      UNIT(node.counts, account), UNIT(node.fifo[0], elsewhere),
      UNIT(node.fifo[1], elsewhere), SKIP_REST(struct machine_unit, node.fifo),
      SKIP_HIGH(struct machine_unit, node.count), UNIT(start, account),
      GAP(struct machine_unit, node.iommu.request.sid, node.iommu.index)}},
    {"message",
     sizeof(struct fabric_message),
     message_at,
     {SKIP(struct fabric_message, event.sequence, "orders equals alone"),
      SKIP(struct fabric_message, event.target, config),
      SKIP(struct fabric_message, event.what, config),
      SKIP(struct fabric_message, msg.irq, identity),
      {"of other kinds of messages",
       offsetof(struct fabric_message, msg.apic) + sizeof(struct msg_apic),
       sizeof(struct msg_write) - sizeof(struct msg_apic)},
      SKIP(struct fabric_message, next_free, place),
      GAP(struct fabric_message, msg.kind, msg.irq),
      GAP(struct fabric_message, cpu, asked),
      GAP_AT_END(struct fabric_message, in_use)}},
    {"ioapic",
     sizeof(struct ioapic_node),
     ioapic_at,
     {IOAPIC(config, config),
      IOAPIC(take_event, event),
      IOAPIC(send_event, event),
      IOAPIC(waiting_irq, identity),
      {"no message asks", offsetof(struct ioapic_node, asked_irq[1]),
       sizeof(irq_id) * (IOAPIC_PINS_MAX - 1)},
      IOAPIC(sending.level, "its entry says so"),
      IOAPIC(sending.resend, "is past its delay"),
      GAP(struct ioapic_node, sending.resend, sending.message),
      GAP(struct ioapic_node, sending, sending_irq),
      IOAPIC(sending_irq, identity),
      IOAPIC(warnings, account)}},
    {"pic",
     sizeof(struct pic_node),
     pic_at,
     {PIC(config, config), PIC(int_event, event), PIC(irr_irq, identity),
      PIC(isr_irq, identity), PIC(warnings, account),
      GAP(struct pic_node, pair, config), GAP(struct pic_node, direct, irr_irq),
      GAP_AT_END(struct pic_node, warnings)}},
    {"hpet",
     sizeof(struct hpet_node),
     block_at,
     {HPET(hpet.build, config), HPET(hpet.timer, elsewhere),
      HPET(config, config), HPET(match, event), HPET(rise, event),
      HPET(messages, account), HPET(warnings, account),
      GAP(struct hpet_node, hpet.build, hpet.tick),
      GAP(struct hpet_node, hpet.edge, hpet.timer)}},
    {"hpet_timer",
     sizeof(struct hpet_timer),
     hpet_timer_at,
     {GAP(struct hpet_timer, conf, comparator)}},
    {"posted",
     sizeof(struct posted),
     posted_at,
     {SKIP(struct posted, target, config), SKIP(struct posted, arrive, event),
      SKIP(struct posted, first, place), SKIP_HIGH(struct posted, count),
      GAP(struct posted, target, arrive),
      GAP(struct posted, write[0].value, write[1]),
      GAP(struct posted, write[1].value, write[2]),
      SKIP_REST(struct posted, write)}},
    {"move",
     sizeof(struct vtd_move),
     move_at,
     {SKIP(struct vtd_move, driver, config),
      SKIP(struct vtd_move, index, config),
      SKIP(struct vtd_move, flush, config),
      SKIP(struct vtd_move, entry, config),
      SKIP(struct vtd_move, places, config),
      SKIP(struct vtd_move, began, account),
      SKIP(struct vtd_move, done, account), GAP(struct vtd_move, flush, entry),
      GAP(struct vtd_move, under_way, began)}},
};

/* ---- a machine in the middle of everything ---- */

struct machine_bytes {
    struct scenario s;
    struct machine *m;
    uint64_t before; /* the hash */
};

static void fill_queues(struct machine *m)
{
    struct fabric_message *message = &m->fabric.message[0];

    m->cpu[0].lapic.sending_count = MESSAGES;
    m->host->waiting = MESSAGES;
    m->device[0].fn.count = MESSAGES;
    m->device[0].groups = MESSAGES;
    m->unit[0].node.count = MESSAGES;
    m->unit[0].node.iommu.state = IOMMU_READS_ENTRY;
    m->posted.count = MESSAGES;
    message->in_use = true;
    message->msg.kind = MSG_APIC;
    message->asked = m->ioapic->asked_irq[0] = 1;
}

/* Times that count as long as there is something to come. */
static void set_times(struct machine *m)
{
    sim_time now = machine_now(m);

    m->cpu[0].lapic.bus_free = now + SIM_US;
    engine_schedule(&m->engine, &m->device[0].wire, now + SIM_US);
    engine_schedule(&m->engine, &m->device[0].pulse, now + SIM_US);
    engine_schedule(&m->engine, &m->ioapic->take_event, now + SIM_US);
    engine_schedule(&m->engine, &m->ioapic->send_event, now + SIM_US);
    m->vcpu[0].kvm->blocked = true;
    m->vcpu[0].kvm->config.poll.most = SIM_US;
}

static const struct kvm_apicv posting = {.tpr_shadow = true,
                                         .x2apic_virt = true,
                                         .apic_register_virtualization = true,
                                         .virtual_interrupt_delivery = true,
                                         .posted_interrupts = true};

static void machine_bytes_setup(struct machine_bytes *f)
{
    f->s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
    f->s.machine.iommu = (struct scenario_iommu){
        .units = 1, .entries = 64, .cache_entries = 16, .cache_ways = 4};
    f->s.machine.ioapic.pins = 24;
    f->s.machine.pic.virtual_wire = VIRTUAL_WIRE_LINT0;
    f->s.machine.hpet.timers = HPET_TIMERS;
    f->s.machine.hpet.hz = UINT64_C(10000000);
    f->s.platform.capabilities.vmx = vmx_all_features();
    f->s.vm[0].features.apicv = posting;
    f->s.vm[0].features.vtd_posting = true;
    f->s.vm[0].posting_switch = SWITCH_FLUSH;
    f->m = machine_build_small(&f->s);
    machine_run(f->m, SIM_MS);
    f->m->mem.capacity = 0; /* it is looked at elsewhere, and slow */
    fill_queues(f->m);
    set_times(f->m);
}

static void machine_bytes_teardown(struct machine_bytes *f)
{
    machine_free(f->m);
}

static bool changes_hash(struct machine *m, unsigned char *byte)
{
    uint64_t before = machine_hash(m);
    bool changes;

    *byte ^= 1;
    changes = machine_hash(m) != before;
    *byte ^= 1;
    return changes;
}

/* Parts of a CPU count only in the step that they belong to. */
static bool counts(struct machine *m, unsigned char *byte)
{
    static const enum cpu_step steps[] = {STEP_WORK, STEP_EXIT, STEP_DELIVERY};
    enum cpu_step *step = &m->cpu[0].node.step, was = *step;
    bool changes = changes_hash(m, byte);

    for (unsigned i = 0; !changes && i < 3; i++) {
        *step = steps[i];
        changes = changes_hash(m, byte);
    }
    *step = was;
    return changes;
}

/* 1 for a byte that is not looked at. */
static unsigned char *not_looked_at(const struct object *o)
{
    unsigned char *mask = malloc(o->bytes);

    memset(mask, 0, o->bytes);
    for (unsigned i = 0; i < SKIPPED && o->skipped[i].why; i++)
        memset(mask + o->skipped[i].from, 1, o->skipped[i].bytes);
    return mask;
}

TEST_EACH(machine_bytes, count_or_are_named_as_ones_that_do_not, struct object,
          objects)
{
    struct machine_bytes f = {0};
    unsigned char *mask = not_looked_at(row), *object;

    machine_bytes_setup(&f);
    object = row->at(f.m);
    for (size_t i = 0; i < row->bytes; i++)
        if (!mask[i])
            EXPECT_TRUE(counts(f.m, object + i), "byte %zu", i);
    free(mask);
    machine_bytes_teardown(&f);
}

TEST_EACH(machine_bytes, that_are_accounts_or_identities_do_not_count,
          struct object, objects)
{
    struct machine_bytes f = {0};
    unsigned char *object;

    machine_bytes_setup(&f);
    object = row->at(f.m);
    for (unsigned i = 0; i < SKIPPED && row->skipped[i].why; i++) {
        const struct skipped *s = &row->skipped[i];

        if (s->why != account && s->why != identity)
            continue;
        for (size_t k = 0; k < s->bytes; k += 8)
            EXPECT_FALSE(counts(f.m, object + s->from + k), "byte %zu",
                         s->from + k);
    }
    machine_bytes_teardown(&f);
}
