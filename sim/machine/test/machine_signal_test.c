/* NMI, SMI, INIT and SIPI in a machine: by a device's message and by IPI. */
#include "sim/machine/test/rig.h"

#define MSR_ICR 0x830
#define START_PAGE 0x9a
#define START_COUNT UINT64_C(0x80000)
#define PULSE (200 * SIM_US)

/* ---- messages of devices ---- */

/* Both CPUs keep interrupts off nearly all the time; device 0 signals as
 * `delivery` says, device 1 by vector. */
static struct scenario with_delivery(enum scenario_delivery delivery)
{
    struct scenario s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);

    rig_pulses(&s, PULSE_PERIODIC, PULSE);
    s.device[0].delivery = delivery;
    return s;
}

static void keep_interrupts_off(struct machine *m, unsigned cpu)
{
    uint64_t loop = rig_code(m, cpu);

    rig_op(m, OP_CLI, 0);
    rig_op(m, OP_WORK, 1000000);
    rig_op(m, OP_JMP, loop);
}

static void keep_both_off(struct machine *m)
{
    keep_interrupts_off(m, 0);
    keep_interrupts_off(m, 1);
}

TEST(machine_signal, nmi_of_a_device_comes_with_interrupts_off)
{
    struct scenario s = with_delivery(SIGNAL_NMI);
    struct machine *m = machine_build(&s);
    struct figures f;

    rig_talk(m, false);
    keep_both_off(m);
    machine_run(m, s.warmup);
    rig_talk(m, true);
    machine_run(m, s.warmup + s.duration * 3 / 4);
    rig_talk(m, false);
    rig_finish(m, &f);
    EXPECT_GT(m->device[0].pulses, 10);
    EXPECT_EQ(m->cpu[0].workload->nmis, m->device[0].pulses);
    EXPECT_EQ(rig_count(&f, "signals.nmi"), m->device[0].pulses);
    EXPECT_EQ(m->cpu[0].workload->seen_received[0], m->device[0].pulses);
    EXPECT_EQ(m->cpu[1].workload->nmis, 0);
    EXPECT_EQ(m->cpu[1].workload->seen_received[1], 0, "a vector waits");
    EXPECT_EQ(m->cpu[0].workload->faults, 0);
    machine_free(m);
    figures_free(&f);
}

TEST(machine_signal, nmi_of_msi_is_the_same)
{
    struct scenario s = with_delivery(SIGNAL_NMI);
    struct machine *m;
    struct figures f;

    s.device[0].message = MESSAGE_MSI;
    s.warmup = 0;
    m = machine_build(&s);
    rig_finish(m, &f);
    EXPECT_GT(m->cpu[0].workload->nmis, 10);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.nic0.delivered"),
              m->cpu[0].workload->nmis);
    machine_free(m);
    figures_free(&f);
}

/* The time of each SMI is stolen from the program; nothing else happens. */
TEST(machine_signal, smi_steals_time)
{
    struct scenario s = with_delivery(SIGNAL_SMI);
    struct machine *m = machine_build(&s);
    uint64_t done[2];
    struct figures f;

    rig_talk(m, false);
    for (unsigned i = 0; i < 2; i++) {
        uint64_t loop = rig_code(m, i);

        rig_op(m, OP_WORK, 1000);
        text_op(&m->text, OP_ADD, R9, 1);
        rig_op(m, OP_JMP, loop);
    }
    machine_run(m, s.warmup);
    rig_talk(m, true);
    rig_finish(m, &f);
    done[0] = m->cpu[0].node.cpu.gpr[R9];
    done[1] = m->cpu[1].node.cpu.gpr[R9];
    EXPECT_GT(m->device[0].pulses, 10);
    EXPECT_NEAR((double)rig_count(&f, "signals.smi"),
                (double)m->device[0].pulses, 1);
    EXPECT_FALSE(figures_find(&f, "signals.nmi"));
    EXPECT_NEAR((double)(done[1] - done[0]) * 1001,
                (double)(m->device[0].pulses * s.platform.cpu.smi),
                2.0 * (double)s.platform.cpu.smi);
    EXPECT_EQ(m->cpu[0].workload->nmis, 0);
    machine_free(m);
    figures_free(&f);
}

/* ---- starting a CPU ---- */

static void count_start(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)self;
    mem_write64(env->mem, START_COUNT + 8 * arg,
                mem_read64(env->mem, START_COUNT + 8 * arg) + 1);
}

/* What an application processor does when it starts. */
static void put_start_code(struct machine *m)
{
    mem_write64(&m->mem, START_PAGE * MEM_PAGE_BYTES, text_here(&m->text));
    rig_op(m, OP_MOV_RSP, HOST_MEMORY(2));
    text_call(&m->text, count_start, NULL, 0);
    rig_op(m, OP_HLT, 0);
}

/* CPU 0 sends these to the others, 10 us apart. */
static struct machine *starter(struct scenario *s, const uint32_t *icr,
                               unsigned n)
{
    struct machine *m;

    *s = rig_scenario(RIG_BARE_METAL, PROGRAM_SPIN);
    s->vm_count = 1; /* CPUs 1 and 2 wait */
    s->warmup = 0;
    s->machine.cpus = 3;
    m = machine_build(s);
    rig_talk(m, false);
    put_start_code(m);
    rig_code(m, 0);
    for (unsigned i = 0; i < n; i++) {
        rig_wrmsr(m, MSR_ICR, UINT64_C(2) << 32 | icr[i]);
        rig_op(m, OP_WORK, 30000);
    }
    rig_op(m, OP_HLT, 0);
    return m;
}

static const uint32_t init_sipi_sipi[] = {DELIVERY_INIT << 8 | 1u << 14,
                                          DELIVERY_SIPI << 8 | START_PAGE,
                                          DELIVERY_SIPI << 8 | START_PAGE};

TEST(machine_signal, init_sipi_sipi_starts_one_cpu_once)
{
    struct scenario s;
    struct machine *m = starter(&s, init_sipi_sipi, 3);
    struct figures f;

    rig_finish(m, &f);
    EXPECT_EQ(mem_read64(&m->mem, START_COUNT), 1);
    EXPECT_EQ(m->cpu[2].node.cpu.activity, ACTIVITY_HLT);
    EXPECT_EQ(m->cpu[1].node.cpu.activity, ACTIVITY_WAIT_FOR_SIPI);
    EXPECT_EQ(rig_count(&f, "interrupts.by_source.cpu0.ipi.delivered"), 3);
    machine_free(m);
    figures_free(&f);
}

static const uint32_t init_twice[] = {
    DELIVERY_SIPI << 8 | START_PAGE, DELIVERY_INIT << 8 | 1u << 14,
    DELIVERY_INIT << 8 | 1u << 14, DELIVERY_SIPI << 8 | START_PAGE,
    DELIVERY_INIT << 8 | 1u << 14};

TEST(machine_signal, init_stops_a_cpu_and_resets_its_apic)
{
    struct scenario s;
    struct machine *m = starter(&s, init_twice, 5);
    uint64_t svr = LAPIC_SVR_ENABLE | 0xff;
    struct figures f;

    lapic_node_write(&m->cpu[2].lapic, LAPIC_SVR, 4, svr);
    rig_finish(m, &f);
    EXPECT_EQ(mem_read64(&m->mem, START_COUNT), 2, "an INIT too many is none");
    EXPECT_EQ(m->cpu[2].node.cpu.activity, ACTIVITY_WAIT_FOR_SIPI);
    EXPECT_FALSE(lapic_node_software_enabled(&m->cpu[2].lapic));
    machine_free(m);
    figures_free(&f);
}

TEST(machine_signal, nmi_waits_until_its_cpu_is_started)
{
    static const uint32_t nmi[] = {DELIVERY_NMI << 8};
    struct scenario s;
    struct machine *m = starter(&s, nmi, 1);
    struct figures f;

    rig_finish(m, &f);
    EXPECT_TRUE(m->cpu[2].node.cpu.nmi);
    EXPECT_EQ(m->cpu[2].node.cpu.activity, ACTIVITY_WAIT_FOR_SIPI);
    machine_free(m);
    figures_free(&f);
}
