// The registers as software reads them in the APIC's mode, one word for each slot of the xAPIC
// page.  Purely combinational; reading changes nothing.
module lapic_view (
  input  lapic_pkg::straps_t straps_i,
  input  lapic_pkg::state_t  state_i,
  output logic [64*32-1:0]   regs_o
);
  logic        x2apic;
  logic [31:0] version;
  logic [31:0] derived_ldr;
  logic [3:0]  isr_class;
  logic [31:0] ppr;

  assign x2apic = state_i.base_en && state_i.base_extd;
  assign version = lapic_regs_pkg::VERSION_RESET
                 + {15'd0, straps_i.cmci, 16'd0}  // one more LVT entry
                 + {7'd0, straps_i.eoi_suppression, 24'd0};
  assign derived_ldr = {straps_i.id[19:4], 16'd1 << straps_i.id[3:0]};
  assign isr_class = lapic_pkg::top_class(state_i.isr);
  assign ppr = state_i.tpr[7:4] >= isr_class ? state_i.tpr : {24'd0, isr_class, 4'd0};

  logic unused_bits;
  assign unused_bits = ^{straps_i, state_i};

  // a slot is 16 bytes of the page and 32 bits here
  always_comb begin
    regs_o = '0;
    regs_o[2*lapic_regs_pkg::ID_OFFSET +: 32] = x2apic ? straps_i.id : state_i.id;
    regs_o[2*lapic_regs_pkg::VERSION_OFFSET +: 32] = version;
    regs_o[2*lapic_regs_pkg::TPR_OFFSET +: 32] = state_i.tpr;
    regs_o[2*lapic_regs_pkg::PPR_OFFSET +: 32] = ppr;
    regs_o[2*lapic_regs_pkg::LDR_OFFSET +: 32] = x2apic ? derived_ldr : state_i.ldr;
    regs_o[2*lapic_regs_pkg::DFR_OFFSET +: 32] = state_i.dfr;
    regs_o[2*lapic_regs_pkg::SVR_OFFSET +: 32] = state_i.svr;
    regs_o[2*lapic_regs_pkg::ISR_OFFSET +: 256] = state_i.isr;
    regs_o[2*lapic_regs_pkg::TMR_OFFSET +: 256] = state_i.tmr;
    regs_o[2*lapic_regs_pkg::IRR_OFFSET +: 256] = state_i.irr;
    regs_o[2*lapic_regs_pkg::ESR_OFFSET +: 32] = {24'd0, state_i.esr};
    regs_o[2*lapic_regs_pkg::LVT_CMCI_OFFSET +: 32] = state_i.lvt_cmci;
    regs_o[2*lapic_regs_pkg::ICR_LOW_OFFSET +: 32] = state_i.icr_low;
    regs_o[2*lapic_regs_pkg::ICR_HIGH_OFFSET +: 32] = state_i.icr_high;
    regs_o[2*lapic_regs_pkg::LVT_TIMER_OFFSET +: 32] = state_i.lvt_timer;
    regs_o[2*lapic_regs_pkg::LVT_THERMAL_OFFSET +: 32] = state_i.lvt_thermal;
    regs_o[2*lapic_regs_pkg::LVT_PERFMON_OFFSET +: 32] = state_i.lvt_perfmon;
    regs_o[2*lapic_regs_pkg::LVT_LINT0_OFFSET +: 32] = state_i.lvt_lint0;
    regs_o[2*lapic_regs_pkg::LVT_LINT1_OFFSET +: 32] = state_i.lvt_lint1;
    regs_o[2*lapic_regs_pkg::LVT_ERROR_OFFSET +: 32] = state_i.lvt_error;
    regs_o[2*lapic_regs_pkg::TMICT_OFFSET +: 32] = state_i.tmict;
    regs_o[2*lapic_regs_pkg::TMCCT_OFFSET +: 32] = state_i.counting
        ? lapic_pkg::count_of(state_i.clocks_left, {state_i.dcr[3], state_i.dcr[1:0]}) : 32'd0;
    regs_o[2*lapic_regs_pkg::DCR_OFFSET +: 32] = state_i.dcr;
  end
endmodule
