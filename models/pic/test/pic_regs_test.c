/* A walk over every row of the tables of ports, fields and warnings. */
#include <string.h>

#include "models/pic/test/dual_fixture.h"

enum { COMMAND, DATA, SELECT, IMCR, ELCR };

static const struct port_row {
    const char *name;
    uint16_t port;
    int chip, kind;
    uint8_t reset, writable;
} ports[] = {
#define REG(name, offset, reset, writable, chip, kind, title)                  \
    {#name, offset, PIC_##chip, kind, reset, writable},
#include "models/pic/pic_regs.def"
};

static struct dual_8259a at_power_up(void)
{
    struct dual_8259a f = {.out = {0}};

    pic_pair_init(&f.b, true);
    f.b.imcr_select = PIC_IMCR_INDEX;
    return f;
}

TEST_EACH(pic_regs, have_their_reset_values, struct port_row, ports)
{
    struct dual_8259a f = {.out = {0}};

    pic_pair_init(&f.b, true);
    if (row->kind == IMCR)
        EXPECT_EQ(get(&f, row->port), PIC_FLOATING, "not selected");
    f = row->kind == IMCR ? at_power_up() : f;
    EXPECT_EQ(get(&f, row->port), row->reset);
    EXPECT_EQ(f.warnings, 0);
}

TEST_EACH(pic_regs, take_their_writable_bits_only, struct port_row, ports)
{
    struct dual_8259a f = at_power_up();

    if (row->kind == COMMAND)
        return; /* what is written there is another thing: see OCW and ICW */
    for (int i = 0; i < 8; i++) {
        put(&f, row->port, 1 << i);
        EXPECT_EQ(get(&f, row->port), row->writable & 1 << i);
        f.b.imcr_select = PIC_IMCR_INDEX;
    }
    put(&f, row->port, 0);
    EXPECT_EQ(get(&f, row->port), 0);
    EXPECT_STREQ(pic_pair_check(&f.b), NULL);
}

TEST_EACH(pic_regs, change_their_own_chip_only, struct port_row, ports)
{
    struct dual_8259a f = at_power_up();
    struct pic_pair was = f.b;
    int other = PIC_SLAVE - row->chip;

    for (int value = 0; value < 0x100; value++)
        put(&f, row->port, value);
    EXPECT_EQ(memcmp(&f.b.chip[other], &was.chip[other], sizeof(struct pic)),
              0);
}

TEST_EACH(pic_regs, read_without_effect_unless_polled, struct port_row, ports)
{
    struct dual_8259a f = at_power_up();
    struct pic_pair was;

    initialise(&f, PIC_MASTER, 0);
    initialise(&f, PIC_SLAVE, 0);
    rise(&f, 5);
    rise(&f, 12);
    was = f.b;
    get(&f, row->port);
    EXPECT_EQ(memcmp(&f.b, &was, sizeof was), 0);
}

TEST(pic_regs, fields_of_a_word_do_not_overlap)
{
#define FIELD(name, bits, title) {#name, bits},
    static const struct {
        const char *name;
        unsigned bits;
    } field[] = {
#include "models/pic/pic_regs.def"
    };
    size_t word = strlen("ICW1");

    for (unsigned i = 0; i < sizeof field / sizeof field[0]; i++)
        for (unsigned j = 0; j < i; j++)
            if (strncmp(field[i].name, field[j].name, word) == 0)
                EXPECT_EQ(field[i].bits & field[j].bits, 0, "%s",
                          field[i].name);
}

TEST(pic_regs, no_two_rows_are_at_one_port)
{
    for (unsigned i = 0; i < sizeof ports / sizeof ports[0]; i++)
        for (unsigned j = 0; j < i; j++)
            EXPECT_NE(ports[i].port, ports[j].port, "%s", ports[i].name);
}

TEST(pic_regs, every_warning_has_a_name)
{
    for (int w = 0; w < PIC_WARNING_COUNT; w++)
        EXPECT_GT(strlen(pic_warning_name((enum pic_warning)w)), 0);
}
