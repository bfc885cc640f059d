// When the oldest request that waits has its turn: request_to_message_i ticks after the unit is
// free and a request is there; 0 counts as 1.
module iommu_turn (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic [15:0] request_to_message_i,
  input  logic        step_i,
  input  logic        tick_i,
  input  logic        take_i,   // strap in silicon: a turn is taken when it has come
  input  logic        waits_i,  // after this cycle the unit is free and a request waits
  output logic        takes_o,
  output logic        waiting_o,
  output logic        come_o    // the turn has come, and was not taken
);
  logic        waiting_q;
  logic [16:0] left_q;    // ticks until the turn has come
  logic [16:0] left;
  logic [16:0] delay;

  assign left = step_i && tick_i && left_q != 17'd0 ? left_q - 17'd1 : left_q;
  assign takes_o = rst_ni && waiting_q && left == 17'd0 && take_i;

  // between two ticks the delay begins at the next one
  always_comb begin
    delay = request_to_message_i == 16'd0 ? 17'd1 : {1'b0, request_to_message_i};
    if (!tick_i) delay = delay + 17'd1;
  end

  always_ff @(posedge clk_i) begin
    waiting_q <= rst_ni && waits_i;
    left_q <= waiting_q && !takes_o ? left : delay;
  end

  assign waiting_o = waiting_q;
  assign come_o = waiting_q && left_q == 17'd0;
endmodule
