package solver

// Union is a forest of disjoint sets over 0..n-1.
type Union[T int | int32 | uint32] []T

// NewUnion returns n sets of one element each.
func NewUnion[T int | int32 | uint32](n int) Union[T] {
	u := make(Union[T], n)
	for i := range u {
		u[i] = T(i)
	}
	return u
}

// Root returns the least element of the set that holds i.
func (u Union[T]) Root(i T) T {
	for u[i] != i {
		u[i] = u[u[i]]
		i = u[i]
	}
	return i
}

// Join makes one set of those that hold a and b.
func (u Union[T]) Join(a, b T) {
	if x, y := u.Root(a), u.Root(b); x != y {
		u[max(x, y)] = min(x, y)
	}
}
