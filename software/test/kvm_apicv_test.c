/*
 * Which exits an interrupt costs when the processor virtualizes the guest's
 * APIC, rung by rung.
 */
#include "sim/machine/test/rig.h"
#include "software/test/rungs.h"

#define APIC_PAGE_AT UINT64_C(0xfee00000)
#define PAGE_TPR (APIC_PAGE_AT + 0x80)
#define PAGE_ICR (APIC_PAGE_AT + 0x300)
#define SELF (1u << 18 | WORKLOAD_TIMER_VECTOR)

/* Interrupts of the devices; none is lost on the way. */
static uint64_t of_devices(const struct figures *f)
{
    uint64_t n = rig_count(f, "interrupts.by_source.nic0.delivered") +
                 rig_count(f, "interrupts.by_source.nic1.delivered");

    EXPECT_GT(n, 100, "there is something to count");
    EXPECT_EQ(rig_count(f, "interrupts.sent"),
              rig_count(f, "interrupts.delivered"));
    return n;
}

/* ---- a device's interrupt, arrival and EOI ---- */

static const struct device_row {
    const char *name;
    enum scenario_apic_mode apic;
    struct kvm_apicv apicv;
    const char *eoi; /* the reason of its exit, or NULL */
} device_rows[] = {
    {"software_apic", APIC_MODE_XAPIC, SOFTWARE, "EPT_VIOLATION"},
    {"flexpriority", APIC_MODE_XAPIC, FLEXPRIORITY, "APIC_ACCESS"},
    {"apic_access_page_alone",
     APIC_MODE_XAPIC,
     {.apic_access_page = true},
     "APIC_ACCESS"},
    {"tpr_shadow_alone",
     APIC_MODE_XAPIC,
     {.tpr_shadow = true},
     "EPT_VIOLATION"},
    {"registers_without_delivery",
     APIC_MODE_XAPIC,
     {.tpr_shadow = true,
      .apic_access_page = true,
      .apic_register_virtualization = true},
     "APIC_WRITE"},
    {"apicv", APIC_MODE_XAPIC, APICV, NULL},
    {"posted_to_the_own_cpu", APIC_MODE_XAPIC, POSTED, NULL},
    {"x2apic_software_apic", APIC_MODE_X2APIC, SOFTWARE, "MSR_WRITE"},
    {"x2apic_flexpriority",
     APIC_MODE_X2APIC,
     {.tpr_shadow = true, .x2apic_virt = true},
     "MSR_WRITE"},
    {"x2apic_apicv", APIC_MODE_X2APIC, APICV, NULL},
    {"x2apic_ipiv", APIC_MODE_X2APIC, IPIV, NULL},
    {"delivery_without_x2apic_virt",
     APIC_MODE_X2APIC,
     {.tpr_shadow = true, .virtual_interrupt_delivery = true},
     "MSR_WRITE"},
};

TEST_EACH(kvm_apicv, device_interrupt_of_a_running_guest, struct device_row,
          device_rows)
{
    struct scenario s = rung_guests(PROGRAM_SPIN, row->apic, row->apicv);
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = of_devices(&f);

    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), n);
    if (row->eoi)
        EXPECT_EQ(exits(&f, row->eoi), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), row->eoi ? 2 * n : n);
    figures_free(&f);
}

TEST_EACH(kvm_apicv, device_interrupt_of_a_halted_guest, struct device_row,
          device_rows)
{
    struct scenario s = rung_guests(PROGRAM_IDLE, row->apic, row->apicv);
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = of_devices(&f);

    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), 0, "they arrive in root");
    EXPECT_EQ(exits(&f, "HLT"), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), row->eoi ? 2 * n : n);
    figures_free(&f);
}

/* The host takes the devices' interrupts on a CPU of its own. */
static struct scenario with_irq_cpu(struct scenario s)
{
    s.machine.cpus++;
    s.machine.irq_cpu = true;
    return s;
}

static const struct remote_row {
    const char *name;
    struct kvm_apicv apicv;
    unsigned exits; /* for one interrupt */
} remote_rows[] = {
    {"software_apic", SOFTWARE, 2},
    {"flexpriority", FLEXPRIORITY, 2},
    {"apicv", APICV, 1},
    {"posted", POSTED, 0},
};

TEST_EACH(kvm_apicv, interrupt_taken_elsewhere, struct remote_row, remote_rows)
{
    struct scenario s =
        with_irq_cpu(rung_guests(PROGRAM_SPIN, APIC_MODE_XAPIC, row->apicv));
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = of_devices(&f);

    EXPECT_EQ(rig_count(&f, "exits.total"), row->exits * n);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.cpu2.ipi.delivered"), n,
              "a kick or a notification for each");
    EXPECT_EQ(rig_count(&f, "interrupts.handled"), n,
              "which guests do not get");
    EXPECT_EQ(rig_real(&f, "exits.per_interrupt"), row->exits);
    figures_free(&f);
}

TEST_EACH(kvm_apicv, interrupt_taken_elsewhere_wakes_a_halted_guest,
          struct remote_row, remote_rows)
{
    struct scenario s =
        with_irq_cpu(rung_guests(PROGRAM_IDLE, APIC_MODE_X2APIC, row->apicv));
    struct figures f = rig_exchange(&s, NULL);
    uint64_t n = of_devices(&f);

    EXPECT_EQ(exits(&f, "HLT"), n);
    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), 0);
    figures_free(&f);
}

TEST(kvm_apicv, posted_interrupts_of_a_storm_are_all_accounted_for)
{
    struct scenario s = with_irq_cpu(
        rung_guests(PROGRAM_SPIN, APIC_MODE_XAPIC, (struct kvm_apicv)POSTED));
    struct figures f;
    uint64_t sent, ended;

    for (int i = 0; i < 2; i++) {
        s.device[i].vectors = 4;
        s.device[i].nic.pulse = PULSE_EXPONENTIAL;
        s.device[i].nic.pulse_interval = 2 * SIM_US;
    }
    f = rig_exchange(&s, NULL);
    sent = rig_count(&f, "interrupts.sent");
    ended = rig_count(&f, "interrupts.delivered") +
            rig_count(&f, "interrupts.merged");
    EXPECT_EQ(ended, sent);
    EXPECT_GT(rig_count(&f, "interrupts.merged"), 0);
    EXPECT_EQ(rig_count(&f, "exits.total"), 0);
    figures_free(&f);
}

/* ---- the guest's own interrupts ---- */

static void self_ipis_by_msr(struct machine *m)
{
    sends_by(m, 0, MSR_SELF_IPI, WORKLOAD_TIMER_VECTOR);
    sends_by(m, 1, MSR_SELF_IPI, WORKLOAD_TIMER_VECTOR);
}

static void self_ipis_by_icr(struct machine *m)
{
    sends_by(m, 0, MSR_ICR, SELF);
    sends_by(m, 1, MSR_ICR, SELF);
}

static void ipis_to_the_own_id(struct machine *m)
{
    sends_by(m, 0, MSR_ICR, WORKLOAD_TIMER_VECTOR);
    sends_by(m, 1, MSR_ICR, WORKLOAD_TIMER_VECTOR);
}

static void self_ipi_on_the_page(struct machine *m, unsigned cpu)
{
    uint64_t loop = rig_code(m, cpu);

    rig_op(m, OP_MOV, SELF);
    rig_op(m, OP_STORE, PAGE_ICR);
    rig_op(m, OP_WORK, 30000);
    rig_op(m, OP_JMP, loop);
}

static void self_ipis_on_the_page(struct machine *m)
{
    rig_each_cpu(m, self_ipi_on_the_page);
}

static const struct self_row {
    const char *name;
    enum scenario_apic_mode apic;
    struct kvm_apicv apicv;
    void (*sends)(struct machine *m);
    const char *reason; /* of sending; NULL: no exit at all */
} self_rows[] = {
    {"page_apicv", APIC_MODE_XAPIC, APICV, self_ipis_on_the_page, NULL},
    {"msr_83f_apicv", APIC_MODE_X2APIC, APICV, self_ipis_by_msr, NULL},
    {"msr_830_shorthand_apicv", APIC_MODE_X2APIC, APICV, self_ipis_by_icr,
     "MSR_WRITE"},
    {"msr_830_shorthand_ipiv", APIC_MODE_X2APIC, IPIV, self_ipis_by_icr,
     "APIC_WRITE"},
    {"own_id_apicv", APIC_MODE_X2APIC, APICV, ipis_to_the_own_id, "MSR_WRITE"},
    {"own_id_ipiv", APIC_MODE_X2APIC, IPIV, ipis_to_the_own_id, NULL},
};

TEST_EACH(kvm_apicv, self_ipi, struct self_row, self_rows)
{
    struct scenario s = rung_guests(PROGRAM_SPIN, row->apic, row->apicv);
    struct figures f;
    uint64_t n;

    rig_without_devices(&s);
    f = rig_exchange(&s, row->sends);
    n = rig_count(&f, "interrupts.by_source.vm0.ipi.delivered") +
        rig_count(&f, "interrupts.by_source.vm1.ipi.delivered");
    EXPECT_GT(n, 100);
    EXPECT_NEAR(rig_count(&f, "exits.total"), row->reason ? n : 0, 2,
                "its EOI does not exit");
    if (row->reason)
        EXPECT_EQ(exits(&f, row->reason), rig_count(&f, "exits.total"));
    figures_free(&f);
}

/* ---- the TPR ---- */

static void tpr_on_the_page(struct machine *m, unsigned cpu)
{
    uint64_t loop = rig_code(m, cpu);

    rig_op(m, OP_MOV, 0xf0);
    rig_op(m, OP_STORE, PAGE_TPR);
    rig_op(m, OP_WORK, 100000);
    rig_op(m, OP_MOV, 0);
    rig_op(m, OP_STORE, PAGE_TPR);
    rig_op(m, OP_WORK, 100);
    rig_op(m, OP_JMP, loop);
}

static void with_tpr_on_the_page(struct machine *m)
{
    rig_each_cpu(m, tpr_on_the_page);
}

TEST(kvm_apicv, tpr_exits_once_when_it_falls_below_a_waiting_vector)
{
    struct scenario s = rung_guests(PROGRAM_SPIN, APIC_MODE_XAPIC,
                                    (struct kvm_apicv)FLEXPRIORITY);
    struct figures f = rig_exchange(&s, with_tpr_on_the_page);
    uint64_t n = of_devices(&f);

    EXPECT_NEAR(exits(&f, "TPR_BELOW_THRESHOLD"), n, (double)n / 20,
                "nearly all come while the TPR is raised");
    EXPECT_EQ(exits(&f, "APIC_ACCESS"), n, "EOIs only");
    EXPECT_EQ(exits(&f, "INTERRUPT_WINDOW"), 0);
    figures_free(&f);
}

TEST(kvm_apicv, tpr_in_x2apic_mode_exits_below_the_threshold_only)
{
    struct scenario s = rung_guests(
        PROGRAM_SPIN, APIC_MODE_X2APIC,
        (struct kvm_apicv){.tpr_shadow = true, .x2apic_virt = true});
    struct figures f = rig_exchange(&s, with_tpr_by_msr);
    uint64_t n = of_devices(&f);

    EXPECT_NEAR(exits(&f, "TPR_BELOW_THRESHOLD"), n, (double)n / 20);
    EXPECT_EQ(exits(&f, "MSR_WRITE"), n, "EOIs only");
    figures_free(&f);
}

TEST(kvm_apicv, tpr_never_exits_with_virtual_interrupt_delivery)
{
    struct scenario s =
        rung_guests(PROGRAM_SPIN, APIC_MODE_XAPIC, (struct kvm_apicv)APICV);
    struct figures f = rig_exchange(&s, with_tpr_on_the_page);
    uint64_t n = of_devices(&f);

    EXPECT_EQ(rig_count(&f, "exits.total"), n, "arrivals only");
    EXPECT_GT(rig_real(&f, "latency_ns.vlapic_accept..guest_handler.max"),
              20000, "it waited for the TPR");
    figures_free(&f);
}

/* ---- lines and timers ---- */

TEST(kvm_apicv, eoi_of_a_line_exits_to_unmask_it)
{
    struct scenario s =
        rung_guests(PROGRAM_SPIN, APIC_MODE_XAPIC, (struct kvm_apicv)APICV);
    struct figures f;
    uint64_t n;

    s.machine.ioapic.pins = 24;
    for (uint32_t i = 0; i < 2; i++) {
        s.device[i].message = MESSAGE_INTX;
        s.device[i].vectors = 1;
        s.device[i].pin = 16 + i;
    }
    f = rig_exchange(&s, NULL);
    n = exits(&f, "EOI_INDUCED");
    EXPECT_GT(n, 100);
    EXPECT_EQ(exits(&f, "EXTERNAL_INTERRUPT"), n);
    EXPECT_EQ(rig_count(&f, "exits.total"), 2 * n);
    figures_free(&f);
}

TEST(kvm_apicv, guest_timer_needs_no_injection)
{
    struct scenario s =
        rung_guests(PROGRAM_SPIN, APIC_MODE_XAPIC, (struct kvm_apicv)APICV);
    struct figures f;

    s.program[0].timer_hz = 5000;
    s.program[1].timer_hz = 7000;
    rig_without_devices(&s);
    f = rig_exchange(&s, NULL);
    EXPECT_GT(rig_count(&f, "interrupts.by_source.vm0.timer.delivered"), 20);
    EXPECT_EQ(rig_real(&f, "injections.per_second"), 0);
    EXPECT_EQ(rig_count(&f, "exits.total"), exits(&f, "EXTERNAL_INTERRUPT"),
              "neither EOIs nor windows");
    figures_free(&f);
}
