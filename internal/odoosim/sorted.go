package odoosim

import (
	"iter"
	"slices"
	"sort"
)

// sorted is a set in order, kept in chunks, so that a change among a million
// moves a thousand. compare must tell any two of them apart.
type sorted[T any] struct {
	compare func(a, b T) int
	chunks  [][]T // none is empty
}

const chunkSize = 1024

// chunk is the first whose last element is not before x.
func (s *sorted[T]) chunk(x T) int {
	return sort.Search(len(s.chunks), func(i int) bool {
		return s.compare(s.chunks[i][len(s.chunks[i])-1], x) >= 0
	})
}

func (s *sorted[T]) add(x T) {
	if len(s.chunks) == 0 {
		s.chunks = [][]T{{x}}
		return
	}
	i := min(s.chunk(x), len(s.chunks)-1)
	at, there := slices.BinarySearchFunc(s.chunks[i], x, s.compare)
	if there {
		return
	}
	if len(s.chunks[i]) >= chunkSize {
		if i == len(s.chunks)-1 && at == chunkSize { // what only grows fills its chunks
			s.chunks = append(s.chunks, append(make([]T, 0, chunkSize), x))
			return
		}
		half := chunkSize / 2
		s.chunks = slices.Insert(s.chunks, i+1, slices.Clone(s.chunks[i][half:]))
		s.chunks[i] = slices.Delete(s.chunks[i], half, len(s.chunks[i]))
		if at > half {
			i, at = i+1, at-half
		}
	}
	s.chunks[i] = slices.Insert(s.chunks[i], at, x)
}

func (s *sorted[T]) remove(x T) {
	i := s.chunk(x)
	if i == len(s.chunks) {
		return
	}
	at, there := slices.BinarySearchFunc(s.chunks[i], x, s.compare)
	if !there {
		return
	}
	if s.chunks[i] = slices.Delete(s.chunks[i], at, at+1); len(s.chunks[i]) == 0 {
		s.chunks = slices.Delete(s.chunks, i, i+1)
	}
}

// from hands over what is not before x.
func (s *sorted[T]) from(x T) iter.Seq[T] {
	return func(yield func(T) bool) {
		for i := s.chunk(x); i < len(s.chunks); i++ {
			at := 0
			if s.compare(s.chunks[i][0], x) < 0 {
				at, _ = slices.BinarySearchFunc(s.chunks[i], x, s.compare)
			}
			for _, e := range s.chunks[i][at:] {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// before counts what is before x.
func (s *sorted[T]) before(x T) int {
	n, last := 0, s.chunk(x)
	for _, chunk := range s.chunks[:last] {
		n += len(chunk)
	}
	if last < len(s.chunks) {
		at, _ := slices.BinarySearchFunc(s.chunks[last], x, s.compare)
		n += at
	}
	return n
}
