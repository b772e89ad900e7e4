package recon

// FindingKind is what a finding of an import is about.
type FindingKind string

// The kinds. The last two contradict the file, or what came before it.
const (
	FindingNote         FindingKind = "NOTE"
	FindingProof        FindingKind = "PROOF"
	FindingControlTotal FindingKind = CodeControlTotal // figures of the file contradict each other
	FindingContinuity   FindingKind = "CONTINUITY"     // a statement does not begin where the one before ends
)

// Contradicts reports whether figures of the file, or of the file before it, do not tie.
func (k FindingKind) Contradicts() bool { return k == FindingControlTotal || k == FindingContinuity }

// Finding is a note, a proof or a contradiction that an import showed.
type Finding struct {
	Kind FindingKind `json:"kind"`
	Line int64       `json:"line,omitempty"` // of the file; 0: of the whole file
	Text string      `json:"text"`
}
