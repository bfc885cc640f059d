/* Two 8259As as a PC initialises them, and what the last call said. */
#ifndef MODELS_PIC_TEST_DUAL_FIXTURE_H
#define MODELS_PIC_TEST_DUAL_FIXTURE_H

#include "models/pic/pic_pair.h"
#include "tests/gtest_c.h"

#define MASTER_BASE 0x20
#define SLAVE_BASE 0x28

/* The words in short. */
#define ICW1 (PIC_ICW1_SELECT | PIC_ICW1_IC4)
#define EOI PIC_OCW2_EOI
#define SPECIFIC_EOI(l) (PIC_OCW2_SL | PIC_OCW2_EOI | (l))
#define ROTATE_EOI (PIC_OCW2_R | PIC_OCW2_EOI)
#define ROTATE_SPECIFIC_EOI(l) (PIC_OCW2_R | SPECIFIC_EOI(l))
#define SET_PRIORITY(l) (PIC_OCW2_R | PIC_OCW2_SL | (l))
#define POLL (PIC_OCW3_SELECT | PIC_OCW3_P)
#define READ_IRR (PIC_OCW3_SELECT | PIC_OCW3_RR)
#define READ_ISR (READ_IRR | PIC_OCW3_RIS)
#define SMM_ON (PIC_OCW3_SELECT | PIC_OCW3_ESMM | PIC_OCW3_SMM)
#define SMM_OFF (PIC_OCW3_SELECT | PIC_OCW3_ESMM)

struct dual_8259a {
    struct pic_pair b;
    struct pic *master, *slave;
    struct pic_out out;
    uint32_t warnings; /* of all calls */
};

static inline uint16_t command_port(enum pic_chip chip)
{
    return chip == PIC_MASTER ? PIC_PORT_MASTER_COMMAND
                              : PIC_PORT_SLAVE_COMMAND;
}

static inline void put(struct dual_8259a *f, uint16_t port, int value)
{
    struct pic_access a = {port, 1, (uint32_t)value};

    f->out = pic_pair_write(&f->b, &a);
    f->warnings |= f->out.warnings;
}

static inline uint8_t get(struct dual_8259a *f, uint16_t port)
{
    struct pic_access a = {.port = port, .bytes = 1};

    f->out = pic_pair_read(&f->b, &a);
    f->warnings |= f->out.warnings;
    return (uint8_t)a.value;
}

static inline void command(struct dual_8259a *f, enum pic_chip chip, int value)
{
    put(f, command_port(chip), value);
}

static inline void mask(struct dual_8259a *f, enum pic_chip chip, int value)
{
    put(f, (uint16_t)(command_port(chip) + 1), value);
}

static inline uint8_t status(struct dual_8259a *f, enum pic_chip chip, int ocw3)
{
    command(f, chip, ocw3);
    return get(f, command_port(chip));
}

static inline void line(struct dual_8259a *f, unsigned n, bool high)
{
    f->out = pic_pair_set_line(&f->b, n, high);
}

static inline void rise(struct dual_8259a *f, unsigned n)
{
    line(f, n, false);
    line(f, n, true);
}

static inline bool intr(const struct dual_8259a *f)
{
    return pic_int(&f->b.chip[PIC_MASTER]);
}

/* The INTA cycle's vector. */
static inline int inta(struct dual_8259a *f)
{
    uint8_t vector;

    f->out = pic_pair_acknowledge(&f->b, &vector);
    f->warnings |= f->out.warnings;
    return vector;
}

/* Line n rises and goes into service. */
static inline void serve(struct dual_8259a *f, unsigned n)
{
    rise(f, n);
    EXPECT_TRUE(intr(f), "line %u", n);
    EXPECT_EQ(inta(f), MASTER_BASE + (int)n);
}

static inline void initialise(struct dual_8259a *f, enum pic_chip chip,
                              int icw4)
{
    uint16_t data = (uint16_t)(command_port(chip) + 1);

    command(f, chip, ICW1);
    put(f, data, chip == PIC_MASTER ? MASTER_BASE : SLAVE_BASE);
    put(f, data, chip == PIC_MASTER ? 1 << PIC_CASCADE : PIC_CASCADE);
    put(f, data, PIC_ICW4_UPM | icw4);
}

/* All lines low, edge triggered and unmasked. */
static inline void dual_8259a_setup(struct dual_8259a *f)
{
    pic_pair_init(&f->b, false);
    f->master = &f->b.chip[PIC_MASTER];
    f->slave = &f->b.chip[PIC_SLAVE];
    initialise(f, PIC_MASTER, 0);
    initialise(f, PIC_SLAVE, 0);
}

static inline void dual_8259a_teardown(struct dual_8259a *f)
{
    EXPECT_STREQ(pic_pair_check(&f->b), NULL);
}

#endif
