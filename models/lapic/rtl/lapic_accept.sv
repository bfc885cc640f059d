// Acceptance of several interrupts in one cycle, one after the other, the lowest index first.
//
// Each request is a fixed interrupt (`fixed_i`), or error bits to record (`raise_i`), or nothing.
// An error may set off the interrupt of LVT error.  Purely combinational.
module lapic_accept #(
  parameter int unsigned N
) (
  input  logic           enabled_i,  // SVR: software-enabled
  input  logic [31:0]    lvt_error_i,

  input  logic [N-1:0]   fixed_i,
  input  logic [N-1:0]   level_i,
  input  logic [8*N-1:0] vector_i,
  input  logic [8*N-1:0] raise_i,

  input  logic [255:0]   irr_i,
  input  logic [255:0]   tmr_i,
  input  logic [7:0]     errors_i,
  input  logic           error_armed_i,

  output logic [255:0]   irr_o,
  output logic [255:0]   tmr_o,
  output logic [7:0]     errors_o,
  output logic           error_armed_o,

  output logic [3*N-1:0] fate_o,       // lapic_pkg::fate_e of each request
  output logic [3*N-1:0] error_fate_o  // of the error interrupt that it set off
);
  logic [7:0] irq_vector;
  logic [7:0] raise;
  logic [7:0] error_vector;
  logic       error_open;

  assign error_vector = lvt_error_i[7:0];
  assign error_open = !lvt_error_i[lapic_pkg::LvtMasked];

  logic unused_lvt_bits;
  assign unused_lvt_bits = ^{lvt_error_i[31:17], lvt_error_i[15:8]};

  always_comb begin
    irr_o = irr_i;
    tmr_o = tmr_i;
    errors_o = errors_i;
    error_armed_o = error_armed_i;
    fate_o = '0;
    error_fate_o = '0;
    for (int unsigned i = 0; i < N; i++) begin
      irq_vector = vector_i[8*i +: 8];
      raise = raise_i[8*i +: 8];
      if (fixed_i[i]) begin
        if (!enabled_i) begin
          fate_o[3*i +: 3] = lapic_pkg::FateApicDisabled;
        end else if (irq_vector[7:4] == 4'd0) begin
          fate_o[3*i +: 3] = lapic_pkg::FateIllegalVector;
          raise = lapic_pkg::EsrReceiveIllegal;
        end else begin
          fate_o[3*i +: 3] = irr_o[irq_vector] ? lapic_pkg::FateMerged : lapic_pkg::FateAccepted;
          irr_o[irq_vector] = 1'b1;
          tmr_o[irq_vector] = level_i[i];
        end
      end
      if (raise != 8'd0) begin
        errors_o = errors_o | raise;
        if (error_armed_o && error_open) begin
          if (error_vector[7:4] == 4'd0) begin
            errors_o = errors_o | lapic_pkg::EsrReceiveIllegal;  // no recursion
          end else begin
            error_fate_o[3*i +: 3] = irr_o[error_vector] ? lapic_pkg::FateMerged
                                                         : lapic_pkg::FateAccepted;
            irr_o[error_vector] = 1'b1;
            tmr_o[error_vector] = 1'b0;
          end
        end
        error_armed_o = 1'b0;
      end
    end
  end
endmodule
