/* Every twin that a machine can have. */
#ifndef SIM_SC_TWINS_H
#define SIM_SC_TWINS_H

#ifdef __cplusplus
extern "C" {
#endif

struct machine_twins;

extern const struct machine_twins sc_twins;

#ifdef __cplusplus
}
#endif

#endif
