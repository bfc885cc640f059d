/* One APIC under test, and what its last call said. */
#ifndef MODELS_LAPIC_TEST_APIC_FIXTURE_H
#define MODELS_LAPIC_TEST_APIC_FIXTURE_H

#include "models/lapic/lapic.h"
#include "tests/gtest_c.h"

#define USUAL_FEATURES (LAPIC_HAS_X2APIC | LAPIC_HAS_TSC_DEADLINE)
#define ENABLED (LAPIC_BASE_DEFAULT | LAPIC_BASE_EN)

struct apic {
    struct lapic l;
    struct lapic_time now;
    struct lapic_out out;
};

/* In xAPIC mode, software-enabled, spurious vector FFh. */
static inline void apic_setup(struct apic *f)
{
    struct lapic_config config = {.features = USUAL_FEATURES};

    lapic_init(&f->l, &config);
    f->l.svr = 0x1ff;
}

static inline void apic_teardown(struct apic *f)
{
    EXPECT_STREQ(lapic_check(&f->l), NULL);
}

static inline bool wrmsr(struct apic *f, uint32_t msr, uint64_t value)
{
    f->out = lapic_wrmsr(&f->l, msr, value, f->now);
    return !f->out.gp;
}

static inline uint64_t rdmsr(struct apic *f, uint32_t msr)
{
    uint64_t value;

    EXPECT_FALSE(lapic_rdmsr(&f->l, msr, f->now, &value).gp, "MSR %x", msr);
    return value;
}

static inline bool rdmsr_faults(struct apic *f, uint32_t msr)
{
    uint64_t value = 1;
    bool gp = lapic_rdmsr(&f->l, msr, f->now, &value).gp;

    EXPECT_TRUE(!gp || value == 0, "a fault gives nothing");
    return gp;
}

/* A register by its offset, the way the mode has it. */
static inline void put(struct apic *f, uint32_t offset, uint32_t value)
{
    struct lapic_mmio a = {offset, 4, value};

    if (lapic_mode(&f->l) == LAPIC_MODE_X2APIC)
        EXPECT_TRUE(wrmsr(f, LAPIC_MSR_FIRST + offset / 16, value));
    else
        f->out = lapic_write(&f->l, &a, f->now);
}

static inline uint32_t get(struct apic *f, uint32_t offset)
{
    struct lapic_mmio a = {.offset = offset, .bytes = 4};

    if (lapic_mode(&f->l) == LAPIC_MODE_X2APIC)
        return (uint32_t)rdmsr(f, LAPIC_MSR_FIRST + offset / 16);
    f->out = lapic_read(&f->l, &a, f->now);
    return (uint32_t)a.value;
}

/* What ESR says about the errors up to now. */
static inline uint32_t errors(struct apic *f)
{
    put(f, LAPIC_ESR, 0);
    return get(f, LAPIC_ESR);
}

static inline void enter_x2apic(struct apic *f)
{
    EXPECT_TRUE(wrmsr(f, LAPIC_MSR_APIC_BASE, ENABLED | LAPIC_BASE_EXTD));
}

static inline enum lapic_fate arrive(struct apic *f, struct msg_apic m)
{
    f->out = lapic_accept(&f->l, &m);
    return (enum lapic_fate)f->out.taken.fate;
}

static inline enum lapic_fate edge(struct apic *f, uint8_t vector)
{
    return arrive(f, (struct msg_apic){.vector = vector, .assert_level = true});
}

static inline enum lapic_fate level(struct apic *f, uint8_t vector)
{
    return arrive(f, (struct msg_apic){.vector = vector,
                                       .level_trigger = true,
                                       .assert_level = true});
}

static inline enum lapic_fate
arrive_mode(struct apic *f, enum delivery_mode mode, uint8_t vector)
{
    return arrive(f, (struct msg_apic){.vector = vector,
                                       .mode = (uint8_t)mode,
                                       .assert_level = true});
}

/* INTA; -1: spurious, `spurious_vector` says which. */
static inline int acknowledge(struct apic *f)
{
    uint8_t vector;

    f->out = lapic_acknowledge(&f->l, &vector);
    return f->out.spurious ? -1 : vector;
}

static inline void eoi(struct apic *f)
{
    put(f, LAPIC_EOI, 0);
}

/* Put a vector into service. */
static inline void serve(struct apic *f, uint8_t vector)
{
    edge(f, vector);
    EXPECT_EQ(acknowledge(f), vector);
}

#endif
