/*
 * ELI: which exits are left, and single moments of the change between guest
 * mode and injection mode.
 */
#include "software/idt.h"
#include "software/test/moments.h"
#include "software/test/rungs.h"

#define UNKNOWN_VECTOR 0xd3 /* nobody has a handler for it */

/* ---- exits per interrupt ---- */

static struct scenario guests(enum rig_variant v,
                              enum scenario_program_kind kind)
{
    struct scenario s = rig_scenario(v, kind);

    rig_pulses(&s, PULSE_PERIODIC, 50 * SIM_US);
    s.device[1].nic.pulse_interval = 70 * SIM_US;
    return s;
}

TEST(eli_exits, none_for_an_assigned_device)
{
    struct scenario s = guests(RIG_ELI, PROGRAM_SPIN);
    struct figures f = rig_exchange(&s, NULL);

    all_delivered(&f);
    EXPECT_EQ(rig_count(&f, "exits.total"), 0);
    EXPECT_EQ(rig_count(&f, "cycles.host"), 0);
    figures_free(&f);
}

TEST(eli_exits, only_the_eoi_with_delivery_alone)
{
    struct scenario s = guests(RIG_ELI_DELIVERY, PROGRAM_SPIN);
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = all_delivered(&f);

    EXPECT_EQ(exits(&f, "MSR_WRITE"), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), n);
    EXPECT_EQ(rig_count(&f, "exits.by_source.none"), 0);
    EXPECT_EQ(rig_real(&f, "host_interrupts.per_second"), 0.0);
    figures_free(&f);
}

static struct scenario without_devices(void)
{
    struct scenario s = rig_scenario(RIG_ELI, PROGRAM_SPIN);

    rig_without_devices(&s);
    return s;
}

TEST(eli_exits, one_exception_for_an_interrupt_of_the_host)
{
    struct scenario s = without_devices();
    struct figures f;
    uint64_t n;

    s.machine.host_timer_hz = 10000;
    f = rig_exchange(&s, NULL);
    n = all_delivered(&f);
    EXPECT_EQ(exits(&f, "EXCEPTION_NMI"), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), n);
    EXPECT_EQ(rig_count(&f, "exits.by_source.none"), 0);
    figures_free(&f);
}

TEST(eli_exits, exception_and_eoi_for_the_guests_timer)
{
    struct scenario s = without_devices();
    struct figures f;

    s.program[0].timer_hz = 5000;
    s.program[1].timer_hz = 9000;
    f = rig_exchange(&s, NULL);
    expect_timer_exits(&f, 5e-3 * 14000, "EXCEPTION_NMI");
    figures_free(&f);
}

TEST(eli_exits, hlt_and_eoi_for_an_idle_guest)
{
    struct scenario s = guests(RIG_ELI, PROGRAM_IDLE);
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = all_delivered(&f);

    EXPECT_EQ(exits(&f, "HLT"), n);
    EXPECT_EQ(exits(&f, "MSR_WRITE"), n, "they are injected");
    EXPECT_EQ(rig_count(&f, "exits.total"), 2 * n);
    figures_free(&f);
}

/* ---- single moments, on the second of two CPUs ---- */

struct eli {
    struct scenario scenario;
    struct machine *machine;
    struct machine_cpu *cpu;
    uint64_t faults; /* that the test expects in the guest */
};

static void build(struct eli *f)
{
    f->machine = rebuilt(f->machine, &f->scenario);
    f->cpu = &f->machine->cpu[1];
}

static void eli_setup(struct eli *f)
{
    f->scenario = moment_scenario(RIG_ELI);
    build(f);
}

static void eli_teardown(struct eli *f)
{
    finish(f->machine, f->faults);
}

static uint8_t assigned(const struct eli *f, unsigned i)
{
    return f->cpu->kvm->config.irq[i].host_vector;
}

static uint64_t all_exits(const struct eli *f)
{
    uint64_t sum = 0;

    for (unsigned r = 0; r < EXIT_REASON_LIMIT; r++)
        sum += f->cpu->node.account.exits[r];
    return sum;
}

static bool in_program(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && !n->cpu.frames && n->step == STEP_WORK &&
           machine_now(m) > SIM_MS;
}

static bool in_handler(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && n->cpu.frames && n->step == STEP_OP;
}

static bool works_in_handler(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && n->cpu.frames && n->step == STEP_WORK;
}

static bool in_service(const struct eli *f, uint8_t vector)
{
    return vecset_has(&f->cpu->lapic.lapic.isr, vector);
}

TEST_F(eli, guest_handler_runs_with_the_physical_interrupt_in_service)
{
    uint64_t before;

    ASSERT_TRUE(rig_run_until(f->machine, in_program));
    before = all_exits(f);
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, in_handler));
    EXPECT_TRUE(in_service(f, assigned(f, 0)));
    run_for(f->machine, 100 * SIM_US);
    EXPECT_FALSE(in_service(f, assigned(f, 0)), "the guest's own EOI");
    EXPECT_EQ(all_exits(f), before);
}

TEST_F(eli, unassigned_vector_is_an_exception_exit_that_the_host_handles)
{
    const struct vmcs *v = &f->cpu->kvm->vmcs;
    uint64_t rip;

    ASSERT_TRUE(rig_run_until(f->machine, in_program));
    send_message(f->machine, UNKNOWN_VECTOR);
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    rip = f->cpu->node.cpu.rip;
    EXPECT_TRUE(in_service(f, UNKNOWN_VECTOR));
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    EXPECT_EQ(vmcs_get(v, VMCS_EXIT_REASON), EXIT_EXCEPTION_NMI);
    EXPECT_EQ(INTR_INFO_VECTOR(vmcs_get(v, VMCS_EXIT_INTR_INFO)), VECTOR_NP);
    EXPECT_EQ(vmcs_get(v, VMCS_IDT_VECTORING_INFO),
              INTR_INFO_VALID | UNKNOWN_VECTOR, "type 0");
    EXPECT_EQ(vmcs_get(v, VMCS_GUEST_RIP), rip, "the guest goes on there");
    EXPECT_EQ(f->cpu->host->interrupts, 1);
    EXPECT_FALSE(in_service(f, UNKNOWN_VECTOR), "the host's EOI");
    EXPECT_EQ(f->machine->irqs.count[f->machine->outside_source].dropped, 1);
}

TEST_F(eli, guest_that_was_interrupted_before_its_eoi_may_write_it_late)
{
    ASSERT_TRUE(rig_run_until(f->machine, in_program));
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, in_handler));
    send_message(f->machine,
                 UNKNOWN_VECTOR); /* of a higher class, but IF = 0 */
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXCEPTION_NMI), 1);
    EXPECT_TRUE(vecset_empty(&f->cpu->lapic.lapic.isr));
    send_assigned(f->machine, 0);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(f->machine->irqs.count[f->machine->outside_source].delivered, 2);
}

/* ---- interrupts off ---- */

/* At the beginning of such a phase. */
static bool guest_has_if_0(struct machine *m)
{
    const struct cpu_node *n = &m->cpu[1].node;

    return n->cpu.non_root && !cpu_if(&n->cpu) && n->step == STEP_WORK &&
           !rip_done(n->cpu.rip) && !n->cpu.frames && machine_now(m) > SIM_MS;
}

/* Interrupts off for 1 ms of every 2 ms. */
static void code_with_interrupts_off(struct eli *f)
{
    uint64_t loop = rig_code(f->machine, 1);

    rig_op(f->machine, OP_CLI, 0);
    rig_op(f->machine, OP_WORK, 2930000);
    rig_op(f->machine, OP_STI, 0);
    rig_op(f->machine, OP_WORK, 2930000);
    rig_op(f->machine, OP_JMP, loop);
}

TEST_F(eli, unassigned_vector_waits_for_sti_without_a_timer)
{
    code_with_interrupts_off(f);
    ASSERT_TRUE(rig_run_until(f->machine, guest_has_if_0));
    send_message(f->machine, UNKNOWN_VECTOR);
    run_for(f->machine, 200 * SIM_US);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXCEPTION_NMI), 0);
    EXPECT_TRUE(vecset_has(&f->cpu->lapic.lapic.irr, UNKNOWN_VECTOR));
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXCEPTION_NMI), 1);
}

TEST_F(eli, timer_bounds_how_long_a_guest_with_if_0_keeps_the_host_waiting)
{
    f->scenario.vm[1].features.eli_timer = 100 * SIM_US;
    build(f);
    code_with_interrupts_off(f);
    ASSERT_TRUE(rig_run_until(f->machine, guest_has_if_0));
    send_message(f->machine, UNKNOWN_VECTOR);
    run_for(f->machine, 105 * SIM_US);
    EXPECT_EQ(f->cpu->host->interrupts, 1, "taken by the host's own IDT");
    EXPECT_EQ(exits_for(f->machine, EXIT_EXCEPTION_NMI), 0);
    EXPECT_GT(exits_for(f->machine, EXIT_PREEMPTION_TIMER), 8,
              "one every 100 us");
}

TEST_F(eli, unrelated_exit_writes_the_eoi_that_the_guest_owes)
{
    uint32_t handler;

    f->scenario.vm[1].features.eli_timer = 100 * SIM_US;
    build(f);
    /* a handler that never writes its EOI */
    handler = rip_op(text_here(&f->machine->text));
    rig_spin(f->machine, 1000);
    idt_set_gate(&f->machine->mem, f->cpu->workload->idt,
                 f->cpu->kvm->config.irq[0].guest_vector, rip_of(handler));
    ASSERT_TRUE(rig_run_until(f->machine, in_program));
    send_assigned(f->machine, 0);
    ASSERT_TRUE(rig_run_until(f->machine, works_in_handler));
    EXPECT_TRUE(in_service(f, assigned(f, 0)));
    run_for(f->machine, 105 * SIM_US);
    EXPECT_FALSE(in_service(f, assigned(f, 0)));
}

/* ---- injection mode ---- */

static bool in_injection_mode(struct machine *m)
{
    return m->cpu[1].kvm->injection_mode && in_entry(m);
}

TEST_F(eli, assigned_interrupt_in_injection_mode_exits_and_is_injected)
{
    f->scenario.program[1].timer_hz = 500;
    build(f);
    ASSERT_TRUE(rig_run_until(f->machine, in_injection_mode));
    EXPECT_EQ(f->cpu->kvm->vmcs.field[VMCS_GUEST_IDTR_BASE],
              f->cpu->workload->idt, "the guest's own IDT");
    send_assigned(f->machine, 0);
    run_for(f->machine, 200 * SIM_US);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 1);
    EXPECT_EQ(f->cpu->node.account.injections, 2, "the timer and the device");
    EXPECT_FALSE(f->cpu->kvm->injection_mode, "the last EOI ends it");
    EXPECT_EQ(f->cpu->kvm->vmcs.field[VMCS_GUEST_IDTR_BASE],
              f->cpu->kvm->shadow_idt);
}

/* ---- gates that are not present ---- */

/* Once, after the boot: INT n, then the program spins on. */
static void code_with_int(struct eli *f, uint8_t vector)
{
    rig_code(f->machine, 1);
    rig_op(f->machine, OP_WORK, 3000000);
    rig_op(f->machine, OP_INT, vector);
    rig_spin(f->machine, 1000);
}

TEST_F(eli, int_n_of_a_guest_is_completed_through_its_real_idt)
{
    const struct vmcs *v = &f->cpu->kvm->vmcs;

    code_with_int(f, 0xff);
    machine_run(f->machine, SIM_MS);
    ASSERT_TRUE(rig_run_until(f->machine, in_exit));
    EXPECT_EQ(INTR_INFO_TYPE(f->cpu->node.exit.idt_vectoring_info),
              INTR_TYPE_SOFTWARE_INTERRUPT);
    ASSERT_TRUE(rig_run_until(f->machine, in_entry));
    EXPECT_EQ(vmcs_get(v, VMCS_ENTRY_INTR_INFO),
              INTR_INFO_VALID | INTR_TYPE_SOFTWARE_INTERRUPT << 8 | 0xff);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXCEPTION_NMI), 1);
    EXPECT_EQ(f->cpu->host->interrupts, 0, "no interrupt of the host");
    EXPECT_FALSE(f->cpu->node.cpu.frames, "it has returned");
}

TEST_F(eli, gate_that_the_guest_lacks_itself_is_reflected_to_it)
{
    code_with_int(f, 5);
    idt_set_present(&f->machine->mem, f->cpu->workload->idt, 5, false);
    machine_run(f->machine, 2 * SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXCEPTION_NMI), 1);
    EXPECT_EQ(f->cpu->host->interrupts, 0);
    f->faults = 1; /* #NP, in the guest's own handler */
}

TEST_F(eli, after_int_n_the_guest_is_in_guest_mode_again)
{
    uint64_t before;

    code_with_int(f, 0xff);
    f->scenario.machine.host_timer_hz = 0;
    machine_run(f->machine, 3 * SIM_MS);
    send_assigned(f->machine, 0);
    run_for(f->machine, SIM_MS); /* the next exit, whichever it is, ends it */
    before = all_exits(f);
    send_assigned(f->machine, 0);
    run_for(f->machine, SIM_MS);
    EXPECT_EQ(all_exits(f), before);
}

/* ---- LIDT ---- */

static void code_with_lidt(struct eli *f)
{
    rig_code(f->machine, 1);
    rig_op(f->machine, OP_WORK, 3000000);
    rig_op(f->machine, OP_MOV, f->cpu->workload->idt);
    rig_op(f->machine, OP_LIDT, IDT_LIMIT);
    rig_spin(f->machine, 1000);
}

TEST_F(eli, lidt_exits_and_ends_it)
{
    uint64_t before;

    code_with_lidt(f);
    machine_run(f->machine, 2 * SIM_MS);
    EXPECT_EQ(exits_for(f->machine, EXIT_GDTR_IDTR), 1);
    before = all_exits(f);
    for (int i = 0; i < 3; i++) {
        send_assigned(f->machine, 0);
        run_for(f->machine, SIM_MS);
    }
    EXPECT_EQ(f->machine->irqs.count[f->machine->outside_source].delivered, 3);
    EXPECT_EQ(exits_for(f->machine, EXIT_EXTERNAL_INTERRUPT), 3);
    EXPECT_EQ(all_exits(f), before + 2 * 3, "arrival and EOI, as without ELI");
}
