// SPDX-License-Identifier: Apache-2.0

package extender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/moorage-k8s/moorage/internal/intake"
	"github.com/moorage-k8s/moorage/topology"
)

// request is what is read of an ExtenderArgs. Its byte slices are parts of the body.
type request struct {
	pod *topology.Pod
	// fault is what reading the pod's volumes ran into, a fault in moorage, or errLargePod; nil otherwise. The pod then has none.
	fault any
	// group is the pod's scheduling group.
	group group
	// nodes are the candidates, in the order given.
	nodes []candidate
	// full tells that whole nodes were given and are to be given back.
	full bool
	// waited is how long filter has waited for it.
	waited time.Duration
	// dry tells that the request is a simulator's, and is to leave no trace.
	dry bool
}

// candidate is a node that the scheduler asks about. It is small, since there are thousands in a request.
type candidate struct {
	// quoted is the name as JSON, as it stands in the body.
	quoted []byte
	// other is set where the name is not simply what stands between the quotes, or where the whole node was given.
	other *otherForm
}

type otherForm struct{ name, object []byte }

// name is the node's name.
func (c *candidate) name() []byte {
	if c.other != nil {
		return c.other.name
	}
	return c.quoted[1 : len(c.quoted)-1]
}

// object is the whole node as it was given; nil where only its name was.
func (c *candidate) object() []byte {
	if c.other != nil {
		return c.other.object
	}
	return nil
}

// decode reads an ExtenderArgs. Like encoding/json it takes names of fields in any case, and the last of a repeated one.
func decode(body []byte) (*request, error) {
	w := newWire(body)
	var pod []byte
	var byName, byObject []candidate
	var names, objects bool
	err := w.members(func(key []byte) error {
		var err error
		switch {
		case bytes.EqualFold(key, []byte("Pod")):
			pod, err = w.value()
		case bytes.EqualFold(key, []byte("NodeNames")):
			byName, names, err = decodeNames(w)
		case bytes.EqualFold(key, []byte("Nodes")):
			byObject, objects, err = decodeNodes(w)
		default:
			_, err = w.value()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err = w.end(); err != nil {
		return nil, err
	}
	r := &request{}
	switch {
	case names:
		r.nodes = byName
	case objects:
		r.nodes, r.full = byObject, true
	default:
		return nil, errors.New("neither NodeNames nor Nodes is given: there is no node to judge")
	}
	if r.pod, r.group, r.fault, err = decodePod(pod); err != nil {
		return nil, err
	}
	return r, nil
}

// maxNodes is far beyond the nodes that a cluster has: each costs ten times the bytes of a short name.
const maxNodes = 100_000

var errManyNodes = fmt.Errorf("there are more than %d nodes", maxNodes)

// decodeNames also reports whether there were any: a null is none.
func decodeNames(w *wire) ([]candidate, bool, error) {
	if null, err := w.null(); null {
		return nil, false, err
	}
	// Names of thousands of nodes are seldom shorter than 24 bytes with their quotes and comma.
	nodes := make([]candidate, 0, min((len(w.body)-int(w.tokens.InputOffset()))/24+1, maxNodes))
	err := w.elements(func() error {
		if len(nodes) == maxNodes {
			return errManyNodes
		}
		if null, err := w.null(); null {
			nodes = append(nodes, candidate{quoted: []byte(`""`)})
			return err
		}
		c, err := decodeName(w)
		nodes = append(nodes, c)
		return err
	})
	return nodes, true, err
}

func decodeName(w *wire) (candidate, error) {
	quoted, plain, err := w.text()
	if err != nil {
		return candidate{}, err
	}
	c := candidate{quoted: quoted}
	if !plain {
		name, err := unquoted(quoted)
		if err != nil {
			return candidate{}, w.errorf("%w", err)
		}
		c.other = &otherForm{name: name}
	}
	return c, nil
}

// decodeNodes also reports whether there were any: a null is none.
func decodeNodes(w *wire) ([]candidate, bool, error) {
	if null, err := w.null(); null {
		return nil, false, err
	}
	var nodes []candidate
	err := w.members(func(key []byte) error {
		if !bytes.EqualFold(key, []byte("items")) {
			_, skipped := w.value()
			return skipped
		}
		nodes = nil
		if null, err := w.null(); null {
			return err
		}
		return w.elements(func() error {
			if len(nodes) == maxNodes {
				return errManyNodes
			}
			c, err := decodeNode(w)
			if err != nil {
				return fmt.Errorf("items[%d]: %w", len(nodes), err)
			}
			nodes = append(nodes, c)
			return nil
		})
	})
	return nodes, true, err
}

func decodeNode(w *wire) (candidate, error) {
	object, err := w.value()
	if err != nil {
		return candidate{}, err
	}
	var node struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
	}
	if err = json.Unmarshal(object, &node); err != nil {
		return candidate{}, err
	}
	quoted, err := json.Marshal(node.Metadata.Name)
	return candidate{quoted: quoted, other: &otherForm{name: []byte(node.Metadata.Name), object: object}}, err
}

// maxPodBytes bounds the pod in a request, of which a byte may cost hundreds once it is decoded. The API server takes objects of 3 MB.
const maxPodBytes = 4 << 20

// errLargePod is of a pod that is too large to be read. It passes everywhere.
var errLargePod = errors.New("the pod is too large to be read")

// podFields are the fields of a pod that the engine reads.
type podFields struct {
	Metadata struct {
		Name            string                  `json:"name"`
		Namespace       string                  `json:"namespace"`
		UID             types.UID               `json:"uid"`
		OwnerReferences []metav1.OwnerReference `json:"ownerReferences"`
	} `json:"metadata"`
	Spec struct {
		schedulingGroup
		Volumes []corev1.Volume `json:"volumes"`
	} `json:"spec"`
}

func decodePod(data []byte) (pod *topology.Pod, of group, fault any, err error) {
	if data == nil || string(data) == "null" {
		return nil, group{}, nil, errors.New("no Pod is given")
	}
	if _, tooMany := intake.CountItems(data, intake.MaxItems); tooMany != nil || len(data) > maxPodBytes {
		return &topology.Pod{}, group{}, errLargePod, nil
	}
	var p podFields
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, group{}, nil, fmt.Errorf("read the Pod: %w", err)
	}
	given := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: p.Metadata.Name, Namespace: p.Metadata.Namespace, UID: p.Metadata.UID, OwnerReferences: p.Metadata.OwnerReferences,
		},
		Spec: corev1.PodSpec{Volumes: p.Spec.Volumes},
	}
	of = p.Spec.of(p.Metadata.Namespace)
	defer func() {
		if fault = recover(); fault != nil {
			pod = &topology.Pod{Namespace: given.Namespace, Name: given.Name, UID: given.UID}
		}
	}()
	return podFromAPI(given), of, nil, nil
}

// podFromAPI is replaced by tests of faults.
var podFromAPI = topology.PodFromAPI
