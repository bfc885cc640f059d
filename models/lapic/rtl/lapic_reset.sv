// Every register at its reset value, which is 0 where none is given; IA32_APIC_BASE and the level
// of the pins stay.
module lapic_reset (
  input  lapic_pkg::straps_t straps_i,
  input  lapic_pkg::state_t  state_i,
  output lapic_pkg::state_t  state_o
);
  logic unused_bits;
  assign unused_bits = ^{straps_i, state_i};

  always_comb begin
    state_o = '0;
    state_o.base_page = state_i.base_page;
    state_o.base_en = state_i.base_en;
    state_o.base_extd = state_i.base_extd;
    state_o.base_bsp = state_i.base_bsp;
    state_o.lint = state_i.lint;
    state_o.id = {straps_i.id[7:0], 24'd0};
    state_o.svr = lapic_regs_pkg::SVR_RESET;
    state_o.dfr = lapic_regs_pkg::DFR_RESET;
    state_o.lvt_cmci = lapic_regs_pkg::LVT_CMCI_RESET;
    state_o.lvt_timer = lapic_regs_pkg::LVT_TIMER_RESET;
    state_o.lvt_thermal = lapic_regs_pkg::LVT_THERMAL_RESET;
    state_o.lvt_perfmon = lapic_regs_pkg::LVT_PERFMON_RESET;
    state_o.lvt_lint0 = lapic_regs_pkg::LVT_LINT0_RESET;
    state_o.lvt_lint1 = lapic_regs_pkg::LVT_LINT1_RESET;
    state_o.lvt_error = lapic_regs_pkg::LVT_ERROR_RESET;
    state_o.error_armed = 1'b1;
  end
endmodule
