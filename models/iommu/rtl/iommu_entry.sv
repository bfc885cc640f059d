// A table entry: whether this source may use it, and what it says.  Purely combinational.
module iommu_entry (
  input  logic [127:0] entry_i,
  input  logic [15:0]  sid_i,
  input  logic         posting_i,   // CAP.PI
  input  logic         extended_i,  // EIME of the table
  output logic [7:0]   fault_o,     // iommu_pkg::fault_e
  output logic         posted_o,
  output iommu_pkg::message_t message_o
);
  logic remapped_invalid;
  logic posted_invalid;
  logic reserved_mode;

  assign posted_o = entry_i[15];
  assign reserved_mode = entry_i[7:5] == iommu_pkg::ModeReserved3
                         || entry_i[7:5] == iommu_pkg::ModeReserved6;
  assign remapped_invalid = reserved_mode || |{entry_i[127:84], entry_i[31:24], entry_i[14:12]}
      || (!extended_i && |{entry_i[63:48], entry_i[39:32]});
  assign posted_invalid = !posting_i
      || |{entry_i[95:84], entry_i[37:24], entry_i[13:12], entry_i[7:2]};

  // ---- source validation -----------------------------------------------------------------------

  logic [15:0] own_sid;
  logic [2:0]  ignored;
  logic        source_passes;

  assign own_sid = entry_i[79:64];

  always_comb begin
    unique case (entry_i[81:80])
      2'd1: ignored = 3'b100;
      2'd2: ignored = 3'b110;
      2'd3: ignored = 3'b111;
      default: ignored = 3'b000;
    endcase
    unique case (entry_i[83:82])
      2'd0: source_passes = 1'b1;
      2'd1: source_passes = ((own_sid ^ sid_i) & {13'h1fff, ~ignored}) == 16'd0;
      2'd2: source_passes = own_sid[15:8] <= sid_i[15:8] && sid_i[15:8] <= own_sid[7:0];
      default: source_passes = 1'b0;
    endcase
  end

  always_comb begin
    fault_o = iommu_pkg::FaultNone;
    if (!entry_i[0]) fault_o = iommu_pkg::FaultEntryNotPresent;
    else if (posted_o ? posted_invalid : remapped_invalid) fault_o = iommu_pkg::FaultEntryInvalid;
    else if (!source_passes) fault_o = iommu_pkg::FaultSourceRefused;
  end

  // ---- what it says ----------------------------------------------------------------------------

  always_comb begin
    message_o.dest = extended_i ? entry_i[63:32] : {24'd0, entry_i[47:40]};
    message_o.irq_vector = entry_i[23:16];
    message_o.mode = entry_i[7:5];
    message_o.logical = entry_i[2];
    message_o.hint = entry_i[3];
    message_o.level = entry_i[4];
    message_o.dest8 = !extended_i;
  end

  // FPD, and what is software's
  logic unused_entry;
  assign unused_entry = ^{entry_i[11:8], entry_i[1]};
endmodule
