/*
 * The machine's C headers, for C++.  They are C11: leaving members out of a
 * designated initializer, and a function with the name of a struct, are no
 * mistakes there, but warnings in C++.
 */
#ifndef SIM_SC_MACHINE_C_H
#define SIM_SC_MACHINE_C_H

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#include "sim/machine/machine.h"
}
#pragma GCC diagnostic pop

#endif
