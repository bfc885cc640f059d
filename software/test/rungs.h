/* The rungs of APIC virtualization, as tests climb them. */
#ifndef SOFTWARE_TEST_RUNGS_H
#define SOFTWARE_TEST_RUNGS_H

#include "sim/machine/test/rig.h"
#include "software/apic_code.h"

#define MSR_ICR (MSR_X2APIC + APIC_ICR_LOW / 16)
#define MSR_SELF_IPI 0x83fu

#define SOFTWARE                                                               \
    {                                                                          \
        0                                                                      \
    }
#define FLEXPRIORITY                                                           \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true                           \
    }
/* Neither interrupts nor the PPR are the processor's. */
#define REGISTERS                                                              \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .apic_register_virtualization = true                                   \
    }
#define APICV                                                                  \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .apic_register_virtualization = true,                                  \
        .virtual_interrupt_delivery = true                                     \
    }
#define POSTED                                                                 \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .apic_register_virtualization = true,                                  \
        .virtual_interrupt_delivery = true, .posted_interrupts = true          \
    }
/* The receiver's processor does not process what is posted. */
#define IPIV_ALONE                                                             \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .ipiv = true                                                           \
    }
#define IPIV_DELIVERY                                                          \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .apic_register_virtualization = true,                                  \
        .virtual_interrupt_delivery = true, .ipiv = true                       \
    }
#define IPIV                                                                   \
    {                                                                          \
        .tpr_shadow = true, .apic_access_page = true, .x2apic_virt = true,     \
        .apic_register_virtualization = true,                                  \
        .virtual_interrupt_delivery = true, .posted_interrupts = true,         \
        .ipiv = true                                                           \
    }

/* Guests without a timer, on hosts without a tick; one device each, which
 * sends one interrupt after the other was handled. */
static inline struct scenario rung_guests(enum scenario_program_kind kind,
                                          enum scenario_apic_mode apic,
                                          struct kvm_apicv apicv)
{
    struct scenario s = rig_scenario(RIG_KVM, kind);

    rig_pulses(&s, PULSE_PERIODIC, 50 * SIM_US);
    s.device[1].nic.pulse_interval = 70 * SIM_US;
    for (int i = 0; i < 2; i++) {
        s.vm[i].apic = apic;
        s.vm[i].features.apicv = apicv;
    }
    return s;
}

static inline uint64_t exits(const struct figures *f, const char *reason)
{
    char key[80];

    snprintf(key, sizeof key, "exits.by_reason.%s", reason);
    return rig_count(f, key);
}

/* How many interrupts; none of them is lost on the way. */
static inline uint64_t all_delivered(const struct figures *f)
{
    uint64_t n = rig_count(f, "interrupts.delivered");

    EXPECT_GT(n, 50, "there is something to count");
    EXPECT_EQ(rig_count(f, "interrupts.sent"), n, "nothing merged or lost");
    return n;
}

/* Of the timers of both guests. */
static inline uint64_t timers_delivered(const struct figures *f)
{
    return rig_count(f, "interrupts.by_source.vm0.timer.delivered") +
           rig_count(f, "interrupts.by_source.vm1.timer.delivered");
}

/* Each expiry of a guest's timer exits when it arrives, and for its EOI. */
static inline void expect_timer_exits(const struct figures *f, double expiries,
                                      const char *arrival)
{
    uint64_t n = timers_delivered(f);

    EXPECT_NEAR(n, expiries, 2);
    EXPECT_NEAR(exits(f, arrival), n, 2, "the host's timer");
    EXPECT_NEAR(exits(f, "MSR_WRITE"), n, 2, "the EOI");
    EXPECT_EQ(rig_count(f, "exits.total"),
              exits(f, arrival) + exits(f, "MSR_WRITE"));
}

/* As many as the guests have handled. */
static inline uint64_t all_handled(const struct figures *f)
{
    all_delivered(f);
    return rig_count(f, "interrupts.handled");
}

/* The CPU writes `value` to the MSR of its APIC that sends, again and again. */
static inline void sends_by(struct machine *m, unsigned cpu, uint32_t msr,
                            uint64_t value)
{
    uint64_t loop = rig_code(m, cpu);

    rig_wrmsr(m, msr, value);
    rig_op(m, OP_WORK, 30000);
    rig_op(m, OP_JMP, loop);
}

/* Raises its TPR above all, and lowers it again. */
static inline void tpr_by_msr(struct machine *m, unsigned cpu)
{
    uint64_t loop = rig_code(m, cpu);

    rig_wrmsr(m, MSR_X2APIC + APIC_TPR / 16, 0xf0);
    rig_op(m, OP_WORK, 100000);
    rig_wrmsr(m, MSR_X2APIC + APIC_TPR / 16, 0);
    rig_op(m, OP_WORK, 100);
    rig_op(m, OP_JMP, loop);
}

static inline void with_tpr_by_msr(struct machine *m)
{
    rig_each_cpu(m, tpr_by_msr);
}

#endif
