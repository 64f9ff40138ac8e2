import { expect, test } from "@playwright/test";
import { translator } from "../src/text/said";
import pairs from "../src/text/zh-CN/said.json" with { type: "json" };

const said = translator(pairs);

for (const [english, chinese] of [
  ["", ""],
  ["nothing of this is known", "nothing of this is known"],
  ["Not this; nor that. Nor the next\nline", "Not this; nor that. Nor the next\nline"],
  ["it is off", "未启用"],
  ["shop: Make the endpoint private", "shop：将端点设为私有"],
  ["each of the cluster's 2 subnets has 5 free addresses or more", "集群的 2 个子网各有不少于 5 个空闲地址"],
  ["What runs is replaced pod by pod. Something else.", "运行中的内容会逐个 pod 替换。Something else."],
  [
    "Potential Unauthorized Access: Internet reachable EKS cluster uses an unsupported Kubernetes version and uses unencrypted Kubernetes secrets",
    "潜在的未授权访问：可从互联网访问的 EKS 集群（使用不受支持的 Kubernetes 版本、使用未加密的 Kubernetes Secret）",
  ],
] as const) {
  test(`in Chinese: ${english.slice(0, 60) || "nothing"}`, () => {
    expect(said(english)).toBe(chinese);
  });
}

test("what fills a translation is in what is said", () => {
  const names = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]);
  for (const [english = "", chinese = ""] of pairs) {
    expect(names(english), english).toEqual(expect.arrayContaining(names(chinese)));
  }
});
