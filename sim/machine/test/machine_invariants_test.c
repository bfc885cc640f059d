/* Each invariant, broken behind the machine's back: the run stops and says
 * which it was. */
#include <string.h>

#include "models/cpu/vapic.h"
#include "sim/core/pid.h"
#include "sim/machine/test/rig.h"
#include "software/test/rungs.h"

/* Pulses into two guests; APICv and posting by a CPU of the host's own. */
struct machine_invariants {
    struct scenario s;
    struct machine *m;
};

static void build(struct machine_invariants *f, enum rig_variant v)
{
    f->s = rig_scenario(v, PROGRAM_IDLE);
    rig_pulses(&f->s, PULSE_PERIODIC, 50 * SIM_US);
    f->m = machine_build(&f->s);
}

static void build_posted(struct machine_invariants *f)
{
    f->s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
    rig_pulses(&f->s, PULSE_PERIODIC, 50 * SIM_US);
    f->s.platform.capabilities.vmx = vmx_all_features();
    for (unsigned i = 0; i < 2; i++)
        f->s.vm[i].features.apicv = (struct kvm_apicv)POSTED;
    f->s.machine.cpus++;
    f->s.machine.irq_cpu = true;
    f->m = machine_build(&f->s);
}

static void machine_invariants_setup(struct machine_invariants *f)
{
    f->m = NULL;
}

static void machine_invariants_teardown(struct machine_invariants *f)
{
    if (f->m)
        machine_free(f->m);
}

/* The run goes on, and says at its end at the latest what is broken. */
static void expect_complaint(struct machine_invariants *f, const char *sentence)
{
    struct figures figures;
    const char *complaint;

    machine_run(f->m, SIM_TIME_NEVER);
    figures_init(&figures);
    complaint = machine_finish(f->m, &figures);
    ASSERT_TRUE(complaint, "nobody noticed: %s", sentence);
    EXPECT_TRUE(strstr(complaint, sentence), "%s", complaint);
    figures_free(&figures);
}

/* The run goes on and has to stop before its end. */
static void expect_violation(struct machine_invariants *f, const char *sentence)
{
    expect_complaint(f, sentence);
    EXPECT_LT(machine_now(f->m), machine_end(f->m), "the run stops");
}

static bool guest_runs(struct machine *m)
{
    return m->cpu[1].node.cpu.non_root && m->cpu[1].node.step == STEP_WORK;
}

static bool guest_halts(struct machine *m)
{
    return m->cpu[1].node.step == STEP_WAIT && machine_now(m) > m->measure_from;
}

static bool delivery_begins(struct machine *m)
{
    return m->cpu[1].node.step == STEP_DELIVERY;
}

static bool injection_begins(struct machine *m)
{
    return m->cpu[1].node.step == STEP_ENTRY && m->cpu[1].kvm->vmcs.inject_irq;
}

TEST_F(machine_invariants, nothing_is_delivered_with_interrupts_off)
{
    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    f->m->cpu[1].node.cpu.rflags &= ~(uint64_t)RFLAGS_IF;
    expect_violation(f, "no interrupt is delivered while RFLAGS.IF is 0");
}

TEST_F(machine_invariants, the_highest_in_service_is_delivered)
{
    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    vecset_add(&f->m->cpu[1].lapic.lapic.isr, 0xf0);
    expect_violation(f, "the interrupt delivered is the highest in service");
}

TEST_F(machine_invariants, one_of_a_class_is_in_service)
{
    int top;

    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    top = vecset_top(&f->m->cpu[1].lapic.lapic.isr);
    ASSERT_GT(top % 16, 0);
    vecset_add(&f->m->cpu[1].lapic.lapic.isr, (uint8_t)(top - 1));
    expect_violation(f, "while one of its priority class is in service");
}

TEST_F(machine_invariants, the_tpr_masks_its_class)
{
    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    f->m->cpu[1].lapic.lapic.tpr =
        (uint32_t)vecset_top(&f->m->cpu[1].lapic.lapic.isr);
    expect_violation(f, "no interrupt is delivered that the TPR masks");
}

TEST_F(machine_invariants, they_hold_for_what_a_hypervisor_injects)
{
    build(f, RIG_KVM);
    ASSERT_TRUE(rig_run_until(f->m, injection_begins));
    vecset_add(&f->m->cpu[1].kvm->vlapic.isr, 0xf0);
    expect_violation(f, "the interrupt delivered is the highest in service");
}

/* ---- which one is taken ---- */

/* An interrupt of the same source came to an APIC then. */
static irq_id came(struct machine *m, irq_id like, enum hop hop, sim_time when)
{
    return irq_birth(&m->irqs, irq_source(&m->irqs, like), hop, when);
}

TEST_F(machine_invariants, a_higher_one_that_waits_is_taken_first)
{
    struct lapic_node *l;

    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    l = &f->m->cpu[1].lapic;
    vecset_add(&l->lapic.irr, 0xf0);
    l->irr_irq[0xf0] = came(f->m, f->m->cpu[1].node.vectored_irq,
                            HOP_LAPIC_ACCEPT, f->m->cpu[1].node.start - 1);
    expect_violation(f, "no interrupt is taken while a higher one waits");
}

static bool delivery_has_ended(struct machine *m)
{
    return m->cpu[1].node.step != STEP_DELIVERY;
}

TEST_F(machine_invariants, a_higher_one_may_come_while_another_is_delivered)
{
    struct lapic_node *l;

    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    l = &f->m->cpu[1].lapic;
    vecset_add(&l->lapic.irr, 0xf0);
    l->irr_irq[0xf0] = came(f->m, f->m->cpu[1].node.vectored_irq,
                            HOP_LAPIC_ACCEPT, f->m->cpu[1].node.start);
    ASSERT_TRUE(rig_run_until(f->m, delivery_has_ended));
    EXPECT_STREQ(f->m->violation, "");
}

TEST_F(machine_invariants, a_hypervisor_too_takes_the_higher_one_first)
{
    struct kvm *k;

    build(f, RIG_KVM);
    ASSERT_TRUE(rig_run_until(f->m, injection_begins));
    k = f->m->cpu[1].kvm;
    vecset_add(&k->vlapic.irr, 0xf0);
    k->vmcs.virr_irq[0xf0] = came(f->m, k->vmcs.inject_irq, HOP_VLAPIC_ACCEPT,
                                  machine_now(f->m) - 1);
    expect_violation(f, "no interrupt is taken while a higher one waits");
}

/* ---- none is lost, and none comes twice ---- */

TEST_F(machine_invariants, a_request_that_nobody_sent_is_noticed)
{
    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    vecset_add(&f->m->cpu[1].lapic.lapic.irr, 0x20);
    expect_violation(f, "each vector that is requested, in service");
    EXPECT_TRUE(strstr(f->m->violation, "; vector 20h in the IRR of CPU 1"),
                "%s", f->m->violation);
}

TEST_F(machine_invariants, what_a_guest_has_in_service_was_sent)
{
    build(f, RIG_KVM);
    ASSERT_TRUE(rig_run_until(f->m, injection_begins));
    vecset_add(&f->m->cpu[1].kvm->vlapic.isr, 0x11);
    expect_violation(f, "each vector that is requested, in service");
}

TEST_F(machine_invariants, one_that_is_delivered_twice_stops_the_run)
{
    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    irq_deliver(&f->m->irqs, f->m->cpu[1].node.vectored_irq, HOP_COUNT,
                machine_now(f->m));
    expect_violation(f, "and none is delivered twice");
    EXPECT_TRUE(strstr(f->m->violation, "of nic1: msi_write at "), "%s",
                f->m->violation);
}

TEST_F(machine_invariants, one_that_comes_back_after_its_end_has_its_way_told)
{
    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    irq_drop(&f->m->irqs, f->m->cpu[1].node.vectored_irq, IRQ_NO_TARGET);
    expect_violation(f, "and none is delivered twice");
    EXPECT_TRUE(strstr(f->m->violation, "of nic1: msi_write at "), "%s",
                f->m->violation);
}

static bool request_waits(struct machine *m)
{
    return !vecset_empty(&m->cpu[1].lapic.lapic.irr);
}

static uint8_t requested(struct machine *m)
{
    return (uint8_t)vecset_top(&m->cpu[1].lapic.lapic.irr);
}

TEST_F(machine_invariants, one_whose_bit_is_gone_is_lost)
{
    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, request_waits));
    vecset_del(&f->m->cpu[1].lapic.lapic.irr, requested(f->m));
    f->m->cpu[1].node.cpu.intr = false;
    f->m->delivered = 1023; /* at the next one all books are looked at */
    expect_violation(f, "an interrupt waits where its bit is set");
    EXPECT_TRUE(strstr(f->m->violation, ", lapic_accept at "), "%s",
                f->m->violation);
}

TEST_F(machine_invariants, one_that_nobody_has_is_lost)
{
    uint8_t v;

    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, request_waits));
    v = requested(f->m);
    vecset_del(&f->m->cpu[1].lapic.lapic.irr, v);
    f->m->cpu[1].lapic.irr_irq[v] = 0;
    expect_complaint(f, "no interrupt is lost");
    EXPECT_TRUE(strstr(f->m->violation, "of nic1: msi_write at "), "%s",
                f->m->violation);
}

TEST_F(machine_invariants, books_are_compared_for_what_is_posted_and_queued)
{
    struct kvm *k;
    uint64_t pid;

    build_posted(f);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    k = f->m->cpu[1].kvm;
    pid = kvm_descriptor(&k->config);
    EXPECT_FALSE(invariants_broken_at_all(f->m));
    mem_write64(&f->m->mem, pid + PID_PIR + 8, 1);
    EXPECT_TRUE(strstr(invariants_broken_at_all(f->m), "each vector that is"));
    EXPECT_TRUE(strstr(f->m->violation, "; vector 40h in the PIR of virtual "
                                        "CPU 1"));
    mem_write64(&f->m->mem, pid + PID_PIR + 8, 0);
    *f->m->violation = 0;
    k->inbox_irq[0x41] = 1;
    EXPECT_TRUE(strstr(invariants_broken_at_all(f->m), "where its bit is set"));
    k->inbox_irq[0x41] = 0;
    *f->m->violation = 0;
    k->vmcs.virr_irq[0x41] = 1;
    EXPECT_TRUE(strstr(invariants_broken_at_all(f->m), "where its bit is set"));
}

static bool host_runs(struct machine *m)
{
    return m->cpu[1].node.cpu.vmcs && !m->cpu[1].node.cpu.non_root &&
           m->cpu[1].node.step == STEP_WORK;
}

TEST_F(machine_invariants, no_entry_of_the_hypervisor_fails)
{
    build(f, RIG_KVM);
    ASSERT_TRUE(rig_run_until(f->m, host_runs));
    vmcs_set(&f->m->cpu[1].kvm->vmcs, VMCS_LINK_POINTER, 0);
    expect_complaint(f, "no VM entry of the hypervisor fails");
}

TEST_F(machine_invariants, a_violation_tells_the_way_of_the_interrupt)
{
    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    f->m->cpu[1].node.cpu.rflags &= ~(uint64_t)RFLAGS_IF;
    expect_violation(f, "CPU 1 breaks ");
    EXPECT_TRUE(strstr(f->m->violation, "of nic1: msi_write at "), "%s",
                f->m->violation);
    EXPECT_TRUE(strstr(f->m->violation, ", lapic_accept at "));
    EXPECT_TRUE(strstr(f->m->violation, ", guest_handler at "));
}

TEST_F(machine_invariants, nothing_runs_on_after_a_violation)
{
    sim_time now;

    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, delivery_begins));
    f->m->cpu[1].node.cpu.rflags &= ~(uint64_t)RFLAGS_IF;
    expect_violation(f, "RFLAGS.IF");
    now = machine_now(f->m);
    machine_run(f->m, SIM_TIME_NEVER);
    EXPECT_EQ(machine_now(f->m), now);
    EXPECT_EQ(machine_next(f->m), SIM_TIME_NEVER);
}

TEST_F(machine_invariants, no_cpu_waits_while_there_is_an_event)
{
    struct cpu_node *n;

    build(f, RIG_BARE_METAL);
    ASSERT_TRUE(rig_run_until(f->m, guest_halts));
    n = &f->m->cpu[1].node;
    n->cpu.nmi = true; /* and nobody tells the node */
    EXPECT_TRUE(invariants_broken(f->m));
    expect_violation(f, "no CPU waits while there is an event for it to take");
}

TEST_F(machine_invariants, what_is_queued_for_a_guest_is_seen)
{
    build_posted(f);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    f->m->cpu[1].kvm->queued = 1;
    expect_violation(f, "an interrupt queued for a guest waits only where");
}

TEST_F(machine_invariants, what_is_posted_for_a_guest_is_seen)
{
    uint64_t pid;

    build_posted(f);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    pid = kvm_descriptor(&f->m->cpu[1].kvm->config);
    mem_write64(&f->m->mem, pid + PID_PIR + 8, 1);
    EXPECT_TRUE(invariants_broken(f->m));
    expect_violation(f, "a posted interrupt waits only where a notification");
}

/* Its CPU will look, but not because of what was posted. */
TEST_F(machine_invariants, what_is_posted_for_a_guest_that_runs_sets_on)
{
    struct machine_cpu *c;
    uint64_t pid;

    build_posted(f);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    c = &f->m->cpu[1];
    pid = kvm_descriptor(&c->kvm->config);
    mem_write64(&f->m->mem, pid + PID_PIR + 8, 1);
    c->node.cpu.intr = true;
    EXPECT_TRUE(strstr(invariants_broken(f->m), "ON is set while"));
    *f->m->violation = 0;
    mem_fetch_or64(&f->m->mem, pid + PID_CONTROL, PID_ON);
    EXPECT_FALSE(invariants_broken(f->m));
}

TEST_F(machine_invariants, what_others_send_to_a_guest_is_seen)
{
    build_posted(f);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    vecset_add(&f->m->cpu[1].kvm->inbox, 0x41);
    expect_violation(f, "an interrupt queued for a guest waits only where");
}

/* Guest 1's device asserts pin 17, which its host has masked. */
static void build_line(struct machine_invariants *f)
{
    f->s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
    f->s.machine.ioapic.pins = 24;
    for (uint32_t i = 0; i < f->s.device_count; i++) {
        f->s.device[i].message = MESSAGE_INTX;
        f->s.device[i].pin = 16 + i;
        f->s.device[i].vectors = 1;
        f->s.device[i].moderation = f->s.device[i].ack_moderation = 0;
    }
    f->m = machine_build(&f->s);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    f->m->ioapic->ioapic.rte[17] |= IOAPIC_RTE_MASKED;
    vecset_add(&f->m->ioapic->ioapic.high, 17);
}

TEST_F(machine_invariants, a_line_that_is_masked_for_a_guest_is_opened_again)
{
    const char *broken;

    build_line(f);
    broken = invariants_broken(f->m);
    ASSERT_TRUE(broken);
    EXPECT_TRUE(strstr(broken, "a line that is masked until its guest's EOI"));
}

TEST_F(machine_invariants, a_line_is_masked_while_its_interrupt_is_in_service)
{
    struct kvm *k;

    build_line(f);
    k = f->m->cpu[1].kvm;
    vecset_add(&k->vlapic.isr, k->config.irq[0].guest_vector);
    EXPECT_FALSE(invariants_broken(f->m));
    vecset_del(&k->vlapic.isr, k->config.irq[0].guest_vector);
    EXPECT_TRUE(invariants_broken(f->m));
}

TEST_F(machine_invariants, a_write_that_is_under_way_may_open_a_masked_line)
{
    build_line(f);
    f->m->posted.count = 1;
    EXPECT_FALSE(invariants_broken(f->m));
    f->m->posted.count = 0;
    EXPECT_TRUE(invariants_broken(f->m));
}

/* Two guests that halt on each CPU; posting, without the irq CPU. */
static void build_shared(struct machine_invariants *f)
{
    build_posted(f);
    machine_free(f->m);
    f->s.machine.irq_cpu = false;
    f->s.vm[0].vcpus = f->s.vm[1].vcpus = 2;
    f->s.vm[0].cpus = f->s.vm[1].cpus = 1;
    f->s.program[0].kind = f->s.program[1].kind = PROGRAM_IDLE;
    f->m = machine_build(&f->s);
}

static struct kvm *blocked_one(struct machine *m)
{
    struct kvm *k = m->host->vcpu[2];

    return k->state == KVM_BLOCKED && k->cpu == 1 ? k : NULL;
}

static bool one_is_blocked(struct machine *m)
{
    return guest_halts(m) && blocked_one(m);
}

TEST_F(machine_invariants, descriptor_tells_of_the_state)
{
    static const uint64_t wrong[] = {PID_SN, UINT64_C(1) << PID_NV_SHIFT,
                                     UINT64_C(1) << PID_NDST_SHIFT};

    for (unsigned i = 0; i < 3; i++) {
        uint64_t at;

        machine_invariants_teardown(f);
        build_shared(f);
        ASSERT_TRUE(rig_run_until(f->m, one_is_blocked));
        at = kvm_descriptor(&blocked_one(f->m)->config) + PID_CONTROL;
        mem_write64(&f->m->mem, at, mem_read64(&f->m->mem, at) ^ wrong[i]);
        EXPECT_TRUE(invariants_broken(f->m));
        expect_violation(f, "a descriptor has the vector and CPU of its");
    }
}

TEST_F(machine_invariants, nobody_waits_for_a_cpu_that_halts)
{
    const char *broken;
    struct kvm_host *h;
    struct kvm *k;

    build_shared(f);
    rig_talk(f->m, false);
    machine_run(f->m, 2 * SIM_MS); /* all halt, and nothing is under way */
    EXPECT_FALSE(invariants_broken(f->m));
    h = f->m->host;
    k = h->vcpu[h->cpu[1].current == 2 ? 3 : 2];
    k->state = KVM_RUNNABLE; /* and nobody tells the CPU */
    mem_fetch_or64(&f->m->mem, kvm_descriptor(&k->config) + PID_CONTROL,
                   PID_SN);
    h->queue[h->waiting++] = (uint8_t)k->index;
    broken = invariants_broken(f->m);
    ASSERT_TRUE(broken);
    EXPECT_TRUE(strstr(broken, "a virtual CPU that could run"), "%s", broken);
}

TEST_F(machine_invariants, on_alone_would_hide_the_next_post)
{
    uint64_t pid;

    build_posted(f);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    pid = kvm_descriptor(&f->m->cpu[1].kvm->config);
    mem_fetch_or64(&f->m->mem, pid + PID_CONTROL, PID_ON);
    expect_violation(f, "a posted interrupt waits only where a notification");
}

TEST_F(machine_invariants, rvi_agrees_with_the_page)
{
    build_posted(f);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    f->m->cpu[1].node.cpu.vapic.rvi = 0x20;
    EXPECT_TRUE(invariants_broken(f->m));
    expect_violation(f, "RVI is the highest bit of the VIRR");
}

TEST_F(machine_invariants, svi_agrees_with_the_page)
{
    build_posted(f);
    ASSERT_TRUE(rig_run_until(f->m, guest_runs));
    f->m->cpu[1].node.cpu.vapic.svi = 0x20;
    EXPECT_TRUE(invariants_broken(f->m));
    expect_violation(f, "SVI is the highest bit of the VISR");
}

TEST_F(machine_invariants, hold_in_a_run_with_posted_interrupts)
{
    struct figures figures;

    build_posted(f);
    rig_finish(f->m, &figures);
    EXPECT_GT(rig_count(&figures, "interrupts.delivered"), 100);
    figures_free(&figures);
}
