package solver

// Reordered is column[order[0]], column[order[1]] …; a column that the plan does not keep stays empty, and one in which
// all rows agree, as it is.
func Reordered[T comparable](column []T, order []uint32) []T {
	if uniform(column) {
		return column
	}
	out := make([]T, len(order))
	for i, row := range order {
		out[i] = column[row]
	}
	return out
}

func uniform[T comparable](column []T) bool {
	for i := range column {
		if column[i] != column[0] {
			return false
		}
	}
	return true
}

// moveStep is what nearly every row's texts fit into: a copy of a fixed size is two instructions, one of any size a
// call.
const moveStep = 32

// MoveText copies n bytes. What it may write past them is not yet in use.
func MoveText(to, from []byte, n uint32) {
	if n <= moveStep && len(to) >= moveStep && len(from) >= moveStep {
		*(*[moveStep]byte)(to) = *(*[moveStep]byte)(from)
		return
	}
	copy(to, from[:n])
}
