/* One I/O APIC under test, and what its last call said. */
#ifndef MODELS_IOAPIC_TEST_IOAPIC_FIXTURE_H
#define MODELS_IOAPIC_TEST_IOAPIC_FIXTURE_H

#include "models/ioapic/ioapic.h"
#include "tests/gtest_c.h"

#define PIN 5u /* the usual one */
#define LEVEL IOAPIC_RTE_LEVEL
#define MASKED IOAPIC_RTE_MASKED
#define ACTIVE_LOW IOAPIC_RTE_ACTIVE_LOW
#define LOGICAL IOAPIC_RTE_LOGICAL
#define MODE(mode) ((uint32_t)(mode) << IOAPIC_RTE_MODE_SHIFT)

struct ioapic_unit {
    struct ioapic io;
    struct ioapic_out out;
    struct ioapic_sent last; /* message */
};

static inline void ioapic_unit_start(struct ioapic_unit *f, unsigned pins,
                                     uint16_t version)
{
    struct ioapic_config config = {pins, version};

    *f = (struct ioapic_unit){0};
    ioapic_init(&f->io, &config);
}

static inline void ioapic_unit_setup(struct ioapic_unit *f)
{
    ioapic_unit_start(f, 24, 0x20);
}

static inline void ioapic_unit_teardown(struct ioapic_unit *f)
{
    EXPECT_STREQ(ioapic_check(&f->io), NULL);
}

/* ---- direct registers ---- */

static inline void store(struct ioapic_unit *f, uint32_t offset, unsigned bytes,
                         uint64_t value)
{
    struct ioapic_mmio a = {offset, bytes, value};

    f->out = ioapic_write(&f->io, &a);
}

static inline uint64_t load(struct ioapic_unit *f, uint32_t offset,
                            unsigned bytes)
{
    struct ioapic_mmio a = {.offset = offset, .bytes = bytes};

    f->out = ioapic_read(&f->io, &a);
    return a.value;
}

static inline void eoi_register(struct ioapic_unit *f, uint8_t vector)
{
    store(f, IOAPIC_EOI, 4, vector);
}

/* ---- indirect registers ---- */

static inline void put(struct ioapic_unit *f, uint32_t index, uint32_t value)
{
    store(f, IOAPIC_IOREGSEL, 4, index);
    store(f, IOAPIC_IOWIN, 4, value);
}

static inline uint32_t get(struct ioapic_unit *f, uint32_t index)
{
    store(f, IOAPIC_IOREGSEL, 4, index);
    return (uint32_t)load(f, IOAPIC_IOWIN, 4);
}

static inline void put_low(struct ioapic_unit *f, unsigned pin, uint32_t value)
{
    put(f, IOAPIC_AT_RTE_LOW + 2 * pin, value);
}

static inline void put_high(struct ioapic_unit *f, unsigned pin, uint32_t value)
{
    put(f, IOAPIC_AT_RTE_HIGH + 2 * pin, value);
}

static inline uint32_t get_low(struct ioapic_unit *f, unsigned pin)
{
    return get(f, IOAPIC_AT_RTE_LOW + 2 * pin);
}

static inline bool remote_irr(struct ioapic_unit *f, unsigned pin)
{
    return (get_low(f, pin) & IOAPIC_RTE_REMOTE_IRR) != 0;
}

/* ---- pins and messages ---- */

static inline void set(struct ioapic_unit *f, unsigned pin, bool high)
{
    f->out = ioapic_set_pin(&f->io, pin, high);
    EXPECT_STREQ(ioapic_check(&f->io), NULL);
}

static inline void pulse(struct ioapic_unit *f, unsigned pin)
{
    set(f, pin, true);
    set(f, pin, false);
}

static inline void eoi(struct ioapic_unit *f, uint8_t vector)
{
    f->out = ioapic_eoi(&f->io, vector);
    EXPECT_STREQ(ioapic_check(&f->io), NULL);
}

/* How many messages wait; all are sent, and local APICs take or refuse what
 * is level-triggered. */
static inline unsigned messages_answered(struct ioapic_unit *f, bool taken)
{
    unsigned count = 0;

    while (ioapic_waiting(&f->io)) {
        f->last = ioapic_take(&f->io);
        if (f->last.level)
            f->out = ioapic_answer(&f->io, f->last.pin, taken);
        EXPECT_STREQ(ioapic_check(&f->io), NULL);
        count++;
    }
    return count;
}

static inline unsigned messages(struct ioapic_unit *f)
{
    return messages_answered(f, true);
}

/* A level entry whose message was taken: remote IRR is 1, the pin high. */
static inline void serve_level(struct ioapic_unit *f, unsigned pin,
                               uint8_t vector)
{
    put_low(f, pin, vector | LEVEL);
    set(f, pin, true);
    EXPECT_EQ(messages(f), 1);
    EXPECT_TRUE(remote_irr(f, pin));
}

#endif
