/* PV EOI: EOIs that a guest skips, and those that it may not. */
#include "software/apic_code.h"
#include "software/kvm_private.h"
#include "software/pv_eoi.h"
#include "software/test/moments.h"
#include "software/test/rungs.h"

static struct scenario guests(enum scenario_apic_mode apic, bool pv_eoi)
{
    struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);

    rig_pulses(&s, PULSE_PERIODIC, 50 * SIM_US);
    for (int i = 0; i < 2; i++) {
        s.vm[i].apic = apic;
        s.vm[i].features.pv_eoi = pv_eoi;
    }
    return s;
}

TEST(kvm_pv_eoi, skips_the_exit_of_an_eoi)
{
    static const char *const reason[] = {
        [APIC_MODE_XAPIC] = "exits.by_reason.EPT_VIOLATION",
        [APIC_MODE_X2APIC] = "exits.by_reason.MSR_WRITE"};

    for (int apic = APIC_MODE_XAPIC; apic <= APIC_MODE_X2APIC; apic++)
        for (int on = 0; on <= 1; on++) {
            struct scenario s = guests((enum scenario_apic_mode)apic, on);
            struct figures f = rig_exchange(&s, NULL);
            uint64_t n = all_handled(&f);

            EXPECT_EQ(rig_count(&f, reason[apic]), on ? 0 : n);
            EXPECT_EQ(rig_count(&f, "exits.by_reason.EXTERNAL_INTERRUPT"), n);
            EXPECT_EQ(rig_count(&f, "exits.total"), on ? n : 2 * n);
            figures_free(&f);
        }
}

TEST(kvm_pv_eoi, eoi_takes_effect_at_the_next_exit)
{
    struct scenario s = guests(APIC_MODE_X2APIC, true);
    struct figures f = rig_exchange(&s, NULL);

    EXPECT_NEAR(rig_real(&f, "latency_ns.guest_handler..eoi.p50"), 50000, 8000,
                "with the next interrupt");
    figures_free(&f);
}

/* Its EOI unmasks the line: it must not be skipped. */
TEST(kvm_pv_eoi, is_not_offered_for_a_line)
{
    struct scenario s = guests(APIC_MODE_X2APIC, true);
    struct figures f;
    uint64_t n;

    s.machine.ioapic.pins = 24;
    for (uint32_t i = 0; i < 2; i++) {
        s.device[i].message = MESSAGE_INTX;
        s.device[i].pin = 16 + i;
    }
    f = rig_exchange(&s, NULL);
    n = all_handled(&f);
    EXPECT_EQ(rig_count(&f, "exits.by_reason.MSR_WRITE"), n);
    figures_free(&f);
}

TEST(kvm_pv_eoi, loses_nothing_in_a_storm)
{
    struct scenario s = guests(APIC_MODE_X2APIC, true);
    struct figures f;

    for (int i = 0; i < 2; i++) {
        s.device[i].vectors = 4;
        s.device[i].nic.pulse = PULSE_EXPONENTIAL;
        s.device[i].nic.pulse_interval = 12 * SIM_US;
    }
    f = rig_exchange(&s, NULL);
    EXPECT_EQ(rig_count(&f, "interrupts.delivered") +
                  rig_count(&f, "interrupts.merged"),
              rig_count(&f, "interrupts.sent"));
    EXPECT_GT(rig_count(&f, "exits.by_reason.MSR_WRITE"), 0,
              "where another one waits");
    EXPECT_GT(rig_count(&f, "interrupts.handled"),
              rig_count(&f, "exits.by_reason.MSR_WRITE"));
    figures_free(&f);
}

/* ---- single moments, on the second of two CPUs ---- */

struct kvm_pv_eoi_moment {
    struct scenario scenario;
    struct machine *machine;
    struct machine_cpu *cpu;
};

static void kvm_pv_eoi_moment_setup(struct kvm_pv_eoi_moment *f)
{
    f->scenario = moment_scenario(RIG_KVM);
    f->scenario.vm[1].features.pv_eoi = true;
    f->machine = machine_build(&f->scenario);
    f->cpu = &f->machine->cpu[1];
}

static void kvm_pv_eoi_moment_teardown(struct kvm_pv_eoi_moment *f)
{
    finish(f->machine, 0);
}

static bool handler_begins(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && n->cpu.frames && n->step == STEP_OP &&
           m->text.op[rip_op(n->cpu.rip)].kind == OP_PUSHA;
}

static uint32_t word(struct kvm_pv_eoi_moment *f)
{
    return mem_read32(&f->machine->mem, f->cpu->kvm->pv_eoi_msr & ~UINT64_C(3));
}

TEST_F(kvm_pv_eoi_moment, bit_is_set_at_the_injection_and_cleared_by_the_guest)
{
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    EXPECT_EQ(f->cpu->kvm->pv_eoi_msr & 3, PV_EOI_ENABLE);
    EXPECT_EQ(word(f), 0);
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, handler_begins));
    EXPECT_EQ(word(f), PV_EOI_SET);
    run_for(f->machine, 20 * SIM_US);
    EXPECT_EQ(word(f), 0);
    EXPECT_FALSE(vecset_empty(&f->cpu->kvm->vlapic.isr),
                 "the host does not know yet");
}

/* The second one comes before the guest's EOI: an exit, at which the host takes
 * the bit back, so that the guest's EOI exits and lets it in. */
TEST_F(kvm_pv_eoi_moment, second_interrupt_before_the_eoi_takes_the_bit_back)
{
    uint64_t before;

    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    EXPECT_EQ(word(f), PV_EOI_SET);
    before = exits_for(f->machine, EXIT_MSR_WRITE);
    send_assigned(f->machine, 1);
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    EXPECT_EQ(word(f), 0);
    run_for(f->machine, 100 * SIM_US);
    EXPECT_EQ(exits_for(f->machine, EXIT_MSR_WRITE), before + 1,
              "of two EOIs the second is skipped");
    EXPECT_EQ(f->cpu->node.account.injections, 2);
}

TEST_F(kvm_pv_eoi_moment, bit_is_not_set_for_one_of_two_in_service)
{
    struct kvm *k = f->cpu->kvm;

    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    for (uint8_t v = 0x31; v < 0x60; v += 0x10) {
        vecset_add(&k->vlapic.isr, v);
        kvm_pv_eoi_offer(k, &f->machine->mem);
        EXPECT_EQ(k->pv_eoi_offered, v == 0x31, "vector %x", v);
    }
    k->vlapic.isr = (struct vecset){{0}};
    kvm_pv_eoi_offer(k, &f->machine->mem);
}

/* It comes behind the guest's test-and-clear: the first one has ended. */
TEST_F(kvm_pv_eoi_moment, exit_behind_the_clearing_ends_the_interrupt)
{
    ASSERT_TRUE(rig_run_until(f->machine, in_guest));
    send_assigned(f->machine, 0);
    run_for(f->machine, 20 * SIM_US);
    EXPECT_FALSE(vecset_empty(&f->cpu->kvm->vlapic.isr));
    send_assigned(f->machine, 1);
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    EXPECT_EQ(vecset_top(&f->cpu->kvm->vlapic.isr),
              f->cpu->kvm->config.irq[1].guest_vector);
    EXPECT_EQ(word(f), PV_EOI_SET, "of the second one");
}

/* The other guest's host does not offer it. */
TEST_F(kvm_pv_eoi_moment, msr_faults_where_it_is_not_offered_or_reserved_is_set)
{
    static const struct {
        unsigned cpu;
        uint64_t value;
        uint64_t faults;
    } rows[] = {{1, 0x100000 | PV_EOI_ENABLE, 0},
                {1, 0x100000 | PV_EOI_ENABLE | PV_EOI_RESERVED, 1},
                {0, 0x100000 | PV_EOI_ENABLE, 1}};

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct scenario s = rig_scenario(RIG_KVM, PROGRAM_SPIN);
        struct machine *m;
        struct figures figures;

        s.vm[1].features.pv_eoi = true;
        m = machine_build(&s);
        rig_code(m, rows[i].cpu);
        rig_wrmsr(m, MSR_KVM_PV_EOI, rows[i].value);
        rig_op(m, OP_CLI, 0);
        rig_op(m, OP_HLT, 0);
        rig_finish(m, &figures);
        EXPECT_EQ(m->cpu[rows[i].cpu].workload->faults, rows[i].faults);
        machine_free(m);
        figures_free(&figures);
    }
}
