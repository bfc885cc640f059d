/*
 * How software reaches the 8259s: OUT and IN, a round trip to the chipset each.
 */
#ifndef SOFTWARE_PIC_CODE_H
#define SOFTWARE_PIC_CODE_H

#include <stdbool.h>

#include "software/text.h"

/* How interrupts of the 8259s end. */
enum pic_code_eoi {
    PIC_EOI_SPECIFIC,  /* by the line's number */
    PIC_EOI_ROTATING,  /* the same, and the line becomes the lowest one */
    PIC_EOI_AUTOMATIC, /* with the INTA cycles: software writes nothing */
};

/* EOI of a line 0 .. 15; the slave's comes before the master's.  Clobbers
 * RAX. */
void pic_code_eoi(struct text *t, enum pic_code_eoi how, unsigned line);

/* The vectors that can be spurious are those of lines 7 and 15.  With automatic
 * EOI nothing is in service, and nobody can tell them from real ones. */
bool pic_code_may_be_spurious(enum pic_code_eoi how, unsigned line);

/* RAX = 0 if the interrupt of such a line is spurious: it is not in service.
 * The master's EOI, which a spurious one of the slave needs, is written then.
 */
void pic_code_test_spurious(struct text *t, unsigned line);

#endif
