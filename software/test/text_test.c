/* The assembler of op streams, and gates of an IDT. */
#include "software/text.h"

#include "software/idt.h"
#include "tests/gtest_c.h"

#define IDT 0x4000u

struct text_of_16 {
    struct text text;
    struct op op[16];
};

static void text_of_16_setup(struct text_of_16 *f)
{
    f->text = (struct text){.op = f->op, .capacity = 16};
}

static void text_of_16_teardown(struct text_of_16 *f)
{
    EXPECT_LE(f->text.count, f->text.capacity);
}

TEST_F(text_of_16, here_is_the_rip_of_the_next_op)
{
    uint64_t here = text_here(&f->text);

    text_op(&f->text, OP_CLI, RAX, 0);
    EXPECT_EQ(f->op[rip_op(here)].kind, OP_CLI);
    EXPECT_EQ(rip_done(here), 0);
    EXPECT_EQ(text_here(&f->text), rip_plus(here, 1));
}

TEST_F(text_of_16, patch_makes_a_jump_go_forward)
{
    uint32_t jump = text_op(&f->text, OP_JMP, RAX, 0);

    text_op(&f->text, OP_NOP, RAX, 0);
    text_patch(&f->text, jump);
    text_op(&f->text, OP_STI, RBX, 7);
    EXPECT_EQ(f->op[rip_op(f->op[jump].imm)].kind, OP_STI);
}

TEST_F(text_of_16, work_of_no_cycles_is_no_op)
{
    text_work(&f->text, 0);
    EXPECT_EQ(f->text.count, 0);
}

TEST_F(text_of_16, long_work_is_taken_apart_without_loss)
{
    uint64_t cycles = 3 * (uint64_t)UINT32_MAX + 5, sum = 0;

    text_work(&f->text, cycles);
    EXPECT_EQ(f->text.count, 4);
    for (uint32_t i = 0; i < f->text.count; i++) {
        EXPECT_EQ(f->op[i].kind, OP_WORK);
        EXPECT_LE(f->op[i].imm, UINT32_MAX);
        sum += f->op[i].imm;
    }
    EXPECT_EQ(sum, cycles);
}

struct gates {
    struct mem mem;
    struct mem_page page[16];
};

static void gates_setup(struct gates *f)
{
    mem_init(&f->mem, f->page, 16);
}

static void gates_teardown(struct gates *f)
{
    (void)f;
}

static uint64_t low(struct gates *f, uint8_t vector)
{
    return mem_read64(&f->mem, IDT + 16u * vector);
}

static uint64_t high(struct gates *f, uint8_t vector)
{
    return mem_read64(&f->mem, IDT + 16u * vector + 8);
}

/* SDM vol. 3, "64-Bit Mode IDT": offset 15:0, 31:16 at 63:48, 63:32 above. */
TEST_F(gates, have_the_layout_of_64_bit_mode)
{
    idt_set_gate(&f->mem, IDT, 0xff, UINT64_C(0x0123456789abcdef));
    EXPECT_EQ(low(f, 0xff), UINT64_C(0x89ab8e000000cdef));
    EXPECT_EQ(high(f, 0xff), 0x01234567);
    EXPECT_EQ(low(f, 0xfe), 0, "its neighbour");
}

TEST_F(gates, keep_all_but_the_present_bit)
{
    uint64_t before;

    idt_set_gate(&f->mem, IDT, 0x31, UINT64_C(0x0123456789abcdef));
    before = low(f, 0x31);
    idt_set_present(&f->mem, IDT, 0x31, false);
    EXPECT_EQ(low(f, 0x31), before & ~(UINT64_C(1) << 47));
    idt_set_present(&f->mem, IDT, 0x31, true);
    EXPECT_EQ(low(f, 0x31), before);
}

TEST_F(gates, are_copied_whole_to_another_vector)
{
    idt_set_gate(&f->mem, IDT, 0x31, UINT64_C(0x0123456789abcdef));
    idt_copy_gate(&f->mem, (struct idt_gate_at){IDT, 0x35},
                  (struct idt_gate_at){IDT, 0x31});
    EXPECT_EQ(low(f, 0x35), low(f, 0x31));
    EXPECT_EQ(high(f, 0x35), high(f, 0x31));
}
