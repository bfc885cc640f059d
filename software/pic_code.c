/* EOIs and spurious interrupts of pic_code.h. */
#include "software/pic_code.h"

#include "models/cpu/cpu_node.h"
#include "models/pic/pic_pair.h"

#define LAST_LEVEL (PIC_LEVELS - 1)
#define SPECIFIC_EOI (PIC_OCW2_EOI | PIC_OCW2_SL)
#define READ_ISR (PIC_OCW3_SELECT | PIC_OCW3_RR | PIC_OCW3_RIS)

static uint16_t command_port(unsigned line)
{
    return line < PIC_LEVELS ? PIC_PORT_MASTER_COMMAND : PIC_PORT_SLAVE_COMMAND;
}

static void command(struct text *t, uint16_t port, unsigned word)
{
    text_op(t, OP_MOV, RAX, word);
    text_op(t, OP_OUT, RAX, port);
}

void pic_code_eoi(struct text *t, enum pic_code_eoi how, unsigned line)
{
    unsigned word = SPECIFIC_EOI | (how == PIC_EOI_ROTATING ? PIC_OCW2_R : 0u);

    if (how == PIC_EOI_AUTOMATIC)
        return;
    command(t, command_port(line), word | line % PIC_LEVELS);
    if (line >= PIC_LEVELS)
        command(t, PIC_PORT_MASTER_COMMAND, word | PIC_CASCADE);
}

bool pic_code_may_be_spurious(enum pic_code_eoi how, unsigned line)
{
    return how != PIC_EOI_AUTOMATIC && line % PIC_LEVELS == LAST_LEVEL;
}

/* RAX = the ISR's bit of level 7. */
static void last_level(void *self, struct cpu_env *env, uint64_t arg)
{
    (void)self;
    (void)arg;
    env->cpu->gpr[RAX] &= 1u << LAST_LEVEL;
}

void pic_code_test_spurious(struct text *t, unsigned line)
{
    uint32_t real;

    command(t, command_port(line), READ_ISR);
    text_op(t, OP_IN, RAX, command_port(line));
    text_call(t, last_level, NULL, 0);
    if (line < PIC_LEVELS)
        return;
    real = text_op(t, OP_JNZ, RAX, 0);
    command(t, PIC_PORT_MASTER_COMMAND, SPECIFIC_EOI | PIC_CASCADE);
    text_op(t, OP_MOV, RAX, 0);
    text_patch(t, real);
}
