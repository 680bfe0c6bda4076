// SPDX-License-Identifier: Apache-2.0

package capture_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/moorage-k8s/moorage/internal/capture"
	"github.com/moorage-k8s/moorage/topology"
	"github.com/moorage-k8s/moorage/topology/manifests"
)

func read(t *testing.T, path string) map[topology.Kind][]metav1.Object {
	t.Helper()
	objects, _, err := manifests.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[topology.Kind][]metav1.Object{}
	for kind, byKey := range objects {
		for _, o := range byKey {
			if kept := capture.Keep(o); kept != nil {
				out[kind] = append(out[kind], kept)
			}
		}
	}
	return out
}

// The golden file shows what becomes of names that speak of one another, and what nobody is to see any more.
func TestAnonymize(t *testing.T) {
	other, err := capture.Anonymize(read(t, "testdata/named.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err = capture.Write(&out, capture.YAML, nil, other); err != nil {
		t.Fatal(err)
	}
	golden(t, "anonymous.yaml", out.String())
	for _, word := range []string{"acme", "frankfurt", "eu", "payments", "ledger", "10", "nvme"} {
		for _, line := range strings.Split(out.String(), "\n") {
			if at := strings.Index(line, word); at >= 0 && !strings.Contains(line[max(0, at-3):at], "w") && !strings.HasPrefix(line[at:], "10Gi") {
				t.Errorf("%q is still there: %s", word, line)
			}
		}
	}
	// Names that are no names stay as they are: to do it again changes nothing.
	again, err := capture.Anonymize(other)
	if err != nil {
		t.Fatal(err)
	}
	var second bytes.Buffer
	if err = capture.Write(&second, capture.YAML, nil, again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(out.String(), second.String()); diff != "" {
		t.Errorf("done twice it is something else:\n%s", diff)
	}
}

// Whatever names look like, nothing of them is left but the last number of a pod and of its claims, and what belonged together
// by its names still does.
func TestNoWordOfANameSurvives(t *testing.T) {
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	letters := []string{"vm", "db", "acme", "frankfurt", "x", "secretproject"}
	name := func() string {
		parts := make([]string, 1+random.IntN(6))
		for i := range parts {
			parts[i] = letters[random.IntN(len(letters))]
			if random.IntN(2) == 0 {
				parts[i] = fmt.Sprint(random.IntN(1300))
			}
		}
		return letters[random.IntN(len(letters))] + "-" + strings.Join(parts, string("-."[random.IntN(2)]))
	}
	number := regexp.MustCompile(`[0-9]+`)
	newWord := regexp.MustCompile(`^w[0-9]+$`)
	separators := func(r rune) bool { return r == '-' || r == '.' }
	// last is what may be left of a name.
	last := func(s string) string {
		parts := strings.FieldsFunc(s, separators)
		if end := parts[len(parts)-1]; len(end) <= 3 && number.FindString(end) == end {
			return end
		}
		return ""
	}
	for round := range 300 {
		pod, set, volume, claim, class := name(), name(), name(), name(), name()
		if round%2 == 0 {
			pod = set + "-" + fmt.Sprint(random.IntN(20))
		}
		yes := true
		owned := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{
			Name: pod + "-" + volume, Namespace: "default",
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "v1", Kind: "Pod", Name: pod, Controller: &yes}},
		}}
		other, err := capture.Anonymize(map[topology.Kind][]metav1.Object{
			topology.KindPod: {&corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Name: pod, Namespace: "default", OwnerReferences: []metav1.OwnerReference{
					{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set, Controller: &yes},
				}},
				Spec: corev1.PodSpec{Volumes: []corev1.Volume{
					{Name: volume, VolumeSource: corev1.VolumeSource{Ephemeral: &corev1.EphemeralVolumeSource{}}},
					{Name: "data", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: claim + "-" + pod}}},
				}},
			}},
			topology.KindClaim: {owned, &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: claim + "-" + pod, Namespace: "default"}}},
			topology.KindClass: {&storagev1.StorageClass{
				ObjectMeta: metav1.ObjectMeta{Name: class}, Provisioner: "ebs.csi.aws.com",
				Parameters: map[string]string{"fsType": "acme-secret-fs", "fstype": "xfs", "maxShares": "2"},
			}},
			topology.KindVolume: {&corev1.PersistentVolume{
				ObjectMeta: metav1.ObjectMeta{Name: volume},
				Spec: corev1.PersistentVolumeSpec{
					ClaimRef: &corev1.ObjectReference{Namespace: "default", Name: owned.Name},
					PersistentVolumeSource: corev1.PersistentVolumeSource{CSI: &corev1.CSIPersistentVolumeSource{
						Driver: "ebs.csi.aws.com", VolumeHandle: claim, FSType: "acme-secret-fs",
					}},
				},
			}},
		})
		if err != nil {
			t.Fatal(err)
		}
		newPod := other[topology.KindPod][0].(*corev1.Pod)
		newOwned, newClaim := other[topology.KindClaim][0], other[topology.KindClaim][1]
		newClass, newVolume := other[topology.KindClass][0].(*storagev1.StorageClass), other[topology.KindVolume][0].(*corev1.PersistentVolume)
		for what, kept := range map[string][]string{
			newPod.Name: {last(pod)}, newPod.OwnerReferences[0].Name: nil, newPod.Spec.Volumes[0].Name: nil,
			newOwned.GetName(): {last(pod)}, newClaim.GetName(): {last(pod)}, newClass.Name: nil, newVolume.Name: nil,
			newVolume.Spec.CSI.VolumeHandle: nil, newVolume.Spec.CSI.FSType: nil, newClass.Parameters["fsType"]: nil,
		} {
			for _, word := range strings.FieldsFunc(what, separators) {
				if !newWord.MatchString(word) && !slices.Contains(kept, word) {
					t.Fatalf("seed %d, round %d: pod %s, set %s, volume %s, claim %s, class %s: %q is left in %s", seed, round, pod, set, volume, claim, class, word, what)
				}
			}
		}
		switch {
		case newClass.Parameters["fstype"] != "xfs" || newClass.Parameters["maxShares"] != "2":
			t.Fatalf("seed %d, round %d: what tells nothing is gone: %v", seed, round, newClass.Parameters)
		case newOwned.GetName() != newPod.Name+"-"+newPod.Spec.Volumes[0].Name || newOwned.GetOwnerReferences()[0].Name != newPod.Name,
			newVolume.Spec.ClaimRef.Name != newOwned.GetName():
			t.Fatalf("seed %d, round %d: the claim %s of %s's volume %s is now %s", seed, round, owned.Name, pod, volume, newOwned.GetName())
		case newPod.Spec.Volumes[1].PersistentVolumeClaim.ClaimName != newClaim.GetName() || !strings.HasSuffix(newClaim.GetName(), "-"+newPod.Name):
			t.Fatalf("seed %d, round %d: the claim %s-%s is now %s, its pod %s", seed, round, claim, pod, newClaim.GetName(), newPod.Name)
		case round%2 == 0 && last(pod) != "" && newPod.Name != newPod.OwnerReferences[0].Name+"-"+last(pod):
			t.Fatalf("seed %d, round %d: the pod %s of %s is now %s of %s", seed, round, pod, set, newPod.Name, newPod.OwnerReferences[0].Name)
		}
	}
}
