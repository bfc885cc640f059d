// The posting engine: a posted-interrupt descriptor as it was locked, and as it is written back.
// Purely combinational.
module iommu_post (
  input  logic [127:0] entry_i,
  input  logic [511:0] line_i,
  input  logic         extended_i,  // EIME of the table
  output logic         reserved_o,  // a reserved field is not 0: the line stays as it is
  output logic [511:0] line_o,
  output logic [63:0]  descriptor_o, // its address
  output logic [7:0]   vector_o,
  output logic         notify_o,
  output iommu_pkg::message_t message_o
);
  localparam int unsigned On = 256;
  localparam int unsigned Sn = 257;

  logic urgent;

  assign urgent = entry_i[14];
  assign descriptor_o = {entry_i[127:96], entry_i[63:38], 6'd0};
  assign vector_o = entry_i[23:16];
  assign reserved_o = |{line_i[511:320], line_i[287:280], line_i[271:258]}
                      || (!extended_i && |{line_i[319:304], line_i[295:288]});
  assign notify_o = !line_i[On] && (urgent || !line_i[Sn]);

  always_comb begin
    line_o = line_i;
    if (!reserved_o) begin
      line_o[{1'b0, vector_o}] = 1'b1;
      if (notify_o) line_o[On] = 1'b1;
    end
  end

  always_comb begin
    message_o.dest = extended_i ? line_i[319:288] : {8'd0, line_i[319:296]};
    message_o.irq_vector = line_i[279:272];
    message_o.mode = iommu_pkg::ModeFixed;
    message_o.logical = 1'b0;
    message_o.hint = 1'b0;
    message_o.level = 1'b0;
    message_o.dest8 = !extended_i;
  end

  logic unused_entry;
  assign unused_entry = ^{entry_i[95:64], entry_i[37:24], entry_i[15], entry_i[13:0]};
endmodule
