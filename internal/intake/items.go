// SPDX-License-Identifier: Apache-2.0

package intake

import "fmt"

// MaxItems bounds the items of all lists of an object of the API, together. An item of three bytes, {}, becomes a structure of up to a
// kilobyte, so it is items and not bytes that decoding is paid by. The API server takes objects of 3 MB; those of this many items, most of
// them mounts or variables, are not written by anybody in earnest.
const MaxItems = 50_000

// TooManyItemsError is the error of JSON over the limit.
type TooManyItemsError struct{ Limit int }

func (e *TooManyItemsError) Error() string {
	return fmt.Sprintf("its lists have more than %d items together", e.Limit)
}

// CountItems returns how many items the lists in JSON have together, or an error where these are more than the limit. It reads each byte
// once, and allocates nothing. An empty list counts as one item. What is not JSON is left to the decoder.
func CountItems(json []byte, limit int) (items int, err error) {
	// lists is a stack of bits: whether what is open, from the outside in, is a list. Deeper than it reaches, everything counts.
	var lists [256]uint64
	depth := 0
	const reach = len(lists) * 64
	inList := func() bool {
		return depth > reach || depth > 0 && lists[(depth-1)/64]&(1<<((depth-1)%64)) != 0
	}
	open := func(list bool) {
		if depth < reach {
			if bit := uint64(1) << (depth % 64); list {
				lists[depth/64] |= bit
			} else {
				lists[depth/64] &^= bit
			}
		}
		depth++
	}
	for i := 0; i < len(json); i++ {
		switch json[i] {
		case '"':
			for i++; i < len(json) && json[i] != '"'; i++ {
				if json[i] == '\\' {
					i++
				}
			}
		case '[':
			open(true)
			items++
		case '{':
			open(false)
		case ']', '}':
			depth = max(depth-1, 0)
		case ',':
			if inList() {
				items++
			}
		}
		if items > limit {
			return items, &TooManyItemsError{limit}
		}
	}
	return items, nil
}
