/*
 * How software reaches the 8259s: OUT and IN, a round trip to the chipset each.
 */
#ifndef SOFTWARE_PIC_CODE_H
#define SOFTWARE_PIC_CODE_H

#include <stdbool.h>

#include "software/text.h"

/* EOI of a line 0 .. 15, by its number; the slave's comes before the
 * master's.  Clobbers RAX. */
void pic_code_eoi(struct text *t, unsigned line);

/* The vectors that can be spurious are those of lines 7 and 15. */
bool pic_code_may_be_spurious(unsigned line);

/* RAX = 0 if the interrupt of such a line is spurious: it is not in service.
 * The master's EOI, which a spurious one of the slave needs, is written then.
 */
void pic_code_test_spurious(struct text *t, unsigned line);

#endif
