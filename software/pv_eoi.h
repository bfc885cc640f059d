/* The interface of PV EOI between a guest and its KVM-like hypervisor. */
#ifndef SOFTWARE_PV_EOI_H
#define SOFTWARE_PV_EOI_H

/* Bit 0: enabled; bit 1: must be 0; the others: the address of the word. */
#define MSR_KVM_PV_EOI 0x4b564d04u
#define PV_EOI_ENABLE 1u
#define PV_EOI_RESERVED 2u

/* Bit 0 of the word of 4 bytes: the EOI can be skipped. */
#define PV_EOI_SET 1u

#endif
