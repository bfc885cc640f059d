// What a register access does to the timer.  Purely combinational.
module lapic_timer (
  input  logic        write_lvt_i,
  input  logic        write_tmict_i,
  input  logic        write_dcr_i,
  input  logic        write_deadline_i,
  input  logic [63:0] value_i,       // as it will be stored
  input  logic [1:0]  mode_i,        // before the access

  input  logic [31:0] tmict_i,
  input  logic [31:0] dcr_i,
  input  logic        counting_i,
  input  logic [38:0] clocks_left_i,
  input  logic [63:0] tsc_deadline_i,

  output logic [31:0] tmict_o,
  output logic [31:0] dcr_o,
  output logic        counting_o,
  output logic [38:0] clocks_left_o,
  output logic [63:0] tsc_deadline_o
);
  logic       deadline_mode;
  logic [1:0] new_mode;
  logic [2:0] code;
  logic [2:0] new_code;

  assign deadline_mode = mode_i == lapic_pkg::TimerTscDeadline;
  assign new_mode = value_i[18:17];
  assign code = {dcr_i[3], dcr_i[1:0]};
  assign new_code = {value_i[3], value_i[1:0]};

  always_comb begin
    tmict_o = tmict_i;
    dcr_o = dcr_i;
    counting_o = counting_i;
    clocks_left_o = clocks_left_i;
    tsc_deadline_o = tsc_deadline_i;
    if (write_tmict_i && !deadline_mode) begin
      tmict_o = value_i[31:0];
      counting_o = value_i[31:0] != 32'd0 && mode_i != lapic_pkg::TimerReserved;
      clocks_left_o = lapic_pkg::clocks_of(value_i[31:0], code);
    end
    if (write_dcr_i) begin
      dcr_o = value_i[31:0];  // the remaining count is kept, at the new rate from now on
      clocks_left_o = lapic_pkg::clocks_of(lapic_pkg::count_of(clocks_left_i, code), new_code);
    end
    if (write_deadline_i && deadline_mode) tsc_deadline_o = value_i;
    // One-shot and periodic pass into each other without disturbing the count.
    if (write_lvt_i && new_mode != mode_i) begin
      if (new_mode == lapic_pkg::TimerTscDeadline || deadline_mode) begin
        tmict_o = 32'd0;
        counting_o = 1'b0;
        tsc_deadline_o = 64'd0;
      end else if (new_mode == lapic_pkg::TimerReserved) begin
        counting_o = 1'b0;
      end
    end
  end
endmodule
