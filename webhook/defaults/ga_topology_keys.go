// SPDX-License-Identifier: Apache-2.0

package defaults

import (
	"fmt"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/moorage-k8s/moorage/webhook/rules"
)

var gaTopologyKeysDefault = Default{
	Name:    "ga-topology-keys",
	Summary: "The beta zone and region labels in a class's allowedTopologies and a PersistentVolume's node affinity become the current ones.",
	Kinds:   []rules.Kind{rules.PersistentVolume, rules.StorageClass},
	On:      true,
	Apply:   gaTopologyKeys,
}

// gaTopologyKeys replaces failure-domain.beta.kubernetes.io/zone and /region, which new nodes need not carry, by the labels of
// topology.kubernetes.io.
//
// What the cluster says wins: an object whose driver gives an old label as a topology key, or that is for nodes which carry only
// the old ones, is left alone, and so is a new class whose driver provisions by keys of its own, since the current labels would help it as little;
// and every object while there is no view of the cluster.
//
// A class that has both kinds of label is left alone: its author knows both, and two terms that become one are refused by the
// API server (validateAllowedTopologies in pkg/apis/storage/validation of Kubernetes).
//
// An update is changed only if that makes it say again what is stored: a user who applies the old manifest once more would
// otherwise be refused, as a volume's node affinity cannot go back to the beta labels (validatePvNodeAffinity in
// pkg/apis/core/validation).
func gaTopologyKeys(in Input, patch *Patch) error {
	beta, err := betaTopologyKeys(in.Object)
	if err != nil || len(beta) == 0 || in.Lookup == nil {
		return err
	}
	for _, k := range beta {
		if rules.BetaKeyInUse(in.Lookup, in.Object, in.catalog, k.key) || in.Old == nil && rules.GAKeyRefused(in.Lookup, in.Object, k.key) {
			return nil
		}
	}
	if in.Old != nil && !sameWithGAKeys(in.Object, in.Old) {
		return nil
	}
	for _, k := range beta {
		if err := patch.Set(k.ga, k.path...); err != nil {
			return err
		}
	}
	return nil
}

// betaTopologyKey is where a beta label stands, and what it becomes.
type betaTopologyKey struct {
	path    []string
	key, ga string
}

// betaTopologyKeys returns the labels that are to be replaced.
func betaTopologyKeys(object runtime.Object) ([]betaTopologyKey, error) {
	var beta []betaTopologyKey
	switch o := object.(type) {
	case *storagev1.StorageClass:
		for i := range o.AllowedTopologies {
			for j, e := range o.AllowedTopologies[i].MatchLabelExpressions {
				if e.Key == corev1.LabelTopologyZone || e.Key == corev1.LabelTopologyRegion {
					return nil, nil
				}
				if ga, ok := rules.GATopologyKey(e.Key); ok {
					path := []string{"allowedTopologies", strconv.Itoa(i), "matchLabelExpressions", strconv.Itoa(j), "key"}
					beta = append(beta, betaTopologyKey{path, e.Key, ga})
				}
			}
		}
	case *corev1.PersistentVolume:
		for i, term := range termsOf(o) {
			for j, e := range term.MatchExpressions {
				if ga, ok := rules.GATopologyKey(e.Key); ok {
					path := []string{
						"spec", "nodeAffinity", "required", "nodeSelectorTerms", strconv.Itoa(i), "matchExpressions", strconv.Itoa(j), "key",
					}
					beta = append(beta, betaTopologyKey{path, e.Key, ga})
				}
			}
		}
	default:
		return nil, fmt.Errorf("the object is a %T, neither a class nor a volume", object)
	}
	return beta, nil
}

func termsOf(v *corev1.PersistentVolume) []corev1.NodeSelectorTerm {
	if v.Spec.NodeAffinity == nil || v.Spec.NodeAffinity.Required == nil {
		return nil
	}
	return v.Spec.NodeAffinity.Required.NodeSelectorTerms
}

// sameWithGAKeys reports whether both objects say the same once the first has the present labels.
func sameWithGAKeys(object, old runtime.Object) bool {
	switch o := object.(type) {
	case *storagev1.StorageClass:
		before, ok := old.(*storagev1.StorageClass)
		if !ok {
			return false
		}
		terms := o.DeepCopy().AllowedTopologies
		for i := range terms {
			for j := range terms[i].MatchLabelExpressions {
				replace(&terms[i].MatchLabelExpressions[j].Key)
			}
		}
		return equality.Semantic.DeepEqual(terms, before.AllowedTopologies)
	case *corev1.PersistentVolume:
		before, ok := old.(*corev1.PersistentVolume)
		if !ok {
			return false
		}
		terms := termsOf(o.DeepCopy())
		for i := range terms {
			for j := range terms[i].MatchExpressions {
				replace(&terms[i].MatchExpressions[j].Key)
			}
		}
		return equality.Semantic.DeepEqual(terms, termsOf(before))
	}
	return false
}

func replace(key *string) {
	if ga, ok := rules.GATopologyKey(*key); ok {
		*key = ga
	}
}
