package main

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/eksposure/eksposure/internal/inventory"
	"github.com/eksposure/eksposure/internal/kube"
)

// The programs that are compared.
const (
	sideNothing = "start only"
	sideOurs    = "eksposure"
	sidePlain   = "plain list"
)

func sides() []string { return []string{sideNothing, sideOurs, sidePlain} }

// read returns how many running pods a side has found.
func read(ctx context.Context, side, kubeconfig string) (int, error) {
	switch side {
	case sideNothing:
		return 0, nil
	case sideOurs:
		return collect(ctx, kubeconfig)
	case sidePlain:
		return list(ctx, kubeconfig)
	}
	return 0, fmt.Errorf("no side %q", side)
}

func collect(ctx context.Context, kubeconfig string) (int, error) {
	ref := inventory.ClusterRef{Partition: "aws", Account: "111122223333", Region: "eu-west-1", Name: "bench"}
	s := &inventory.Snapshot{Version: inventory.SnapshotVersion, Cluster: inventory.Cluster{Ref: ref}}
	kube.New(kube.Config{}).Collect(ctx, kube.Target{Ref: ref, Kubeconfig: kubeconfig}, s)
	if len(s.Gaps) > 0 {
		return 0, fmt.Errorf("collected with gaps: %+v", s.Gaps)
	}
	running := 0
	for _, w := range s.Workloads {
		running += w.Running
	}
	return running, nil
}

// list reads the same resources and keeps them until the end, as a program does
// that goes through them afterwards.
func list(ctx context.Context, kubeconfig string) (int, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return 0, err
	}
	c, err := kubernetes.NewForConfig(config)
	if err != nil {
		return 0, err
	}
	pods, err := c.CoreV1().Pods("").List(ctx, metav1.ListOptions{})
	if err != nil {
		return 0, err
	}
	var kept []any
	for _, next := range []func() (any, error){
		func() (any, error) { return c.CoreV1().Namespaces().List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.CoreV1().Services("").List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.CoreV1().ServiceAccounts("").List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.CoreV1().Nodes().List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.AppsV1().Deployments("").List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.AppsV1().ReplicaSets("").List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.AppsV1().StatefulSets("").List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.AppsV1().DaemonSets("").List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.BatchV1().Jobs("").List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.BatchV1().CronJobs("").List(ctx, metav1.ListOptions{}) },
		func() (any, error) { return c.NetworkingV1().Ingresses("").List(ctx, metav1.ListOptions{}) },
	} {
		part, err := next()
		if err != nil {
			return 0, err
		}
		kept = append(kept, part)
	}
	running := 0
	for i := range pods.Items {
		if pods.Items[i].Status.Phase == "Running" {
			running++
		}
	}
	if len(kept) == 0 {
		return 0, nil
	}
	return running, nil
}
