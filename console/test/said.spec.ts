import { expect, test } from "@playwright/test";
import { translator } from "../src/text/said";
import pairs from "../src/text/zh-CN/said";
import list from "./said.json" with { type: "json" };
import { unsaid } from "./unsaid";

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
    "1. Rewrite them all:\n\n   ```\n   Update.\n   ```\n\n2. Update.",
    "1. 重新写入全部 Secret：\n\n   ```\n   Update.\n   ```\n\n2. 更新。",
  ],
  [
    "Not brought along: node group own: it has an image of its own, so name one of Kubernetes 1.33 in a new version of its launch template, and update it to that",
    "未一并更新：节点组 own：它使用自有镜像，因此请在其启动模板的新版本中指定 Kubernetes 1.33 的镜像，并将节点组更新到该版本",
  ],
  ["The public endpoint is off. Update.", "公有端点已关闭。更新。"],
  ["the cluster is X (half a thing", "the cluster is X (half a thing"],
  ["Name the ranges. Something else. Name the ranges.", "写入范围。Something else. 写入范围。"],
  ['Remediating "Internet reachable" resolves the finding.', "修复“可从互联网访问”即可解决该调查发现。"],
  ["shop: matches not read: no vulnerability database", "shop：未读取匹配结果：没有漏洞数据库"],
  [
    "a:1 in b/Deployment/c, 1 running pod: 2 vulnerabilities, 1 with a known fix; worst CVE-1 in bash 5 (EPSS 0.900); another has the highest EPSS, 0.95",
    "b/Deployment/c 中的 a:1（1 个运行中的 pod）：2 个漏洞，其中 1 个有已知修复；最严重的是 bash 5 中的 CVE-1（EPSS 0.900）；另一个漏洞的 EPSS 最高，为 0.95",
  ],
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

test("a translation ends as what is said does", () => {
  const stop: Record<string, string> = { ".": "。", ":": "：" };
  for (const [english = "", chinese = ""] of pairs) {
    const ends = stop[english.at(-1) ?? ""];
    if (ends) {
      expect(chinese.at(-1), english).toBe(ends);
    }
  }
});

test("nothing has two translations", () => {
  const all = pairs.map(([english]) => english);
  expect(all.filter((e, i) => all.indexOf(e) !== i)).toEqual([]);
});

/** What fixtures say in the place of AWS and of registries, or what nobody is shown. */
const english = [
  "KmsKeyNotFound: no key",
  "describe node group: throttled",
  "the endpoint is private",
  "image ghcr.io/acme/x: access denied",
  "filter @logStream like", // a query
  "awareness %d + ease of discovery", // the console has its own words for the arithmetic
  "status %s: want new, in progress", // the words that the API takes
  "(no tag)",
];

/** Formats, as what is filled in may be: names, numbers, or nothing at their end. */
function filled(format: string): string[] {
  const text = format
    .replace(/^ (?=[A-Z])/, "")
    .replace(/^; /, "")
    .replace(/^(?=[ ,(])/, "%s")
    .replace(/(?<=[: (])$/, "%s")
    .replaceAll("%d", "7");
  return [text.replaceAll("%s", "X1"), text.replaceAll("%s", "7"), text.replace(/(?<=[\w)])%s/g, "").replaceAll("%s", "X1")];
}

for (const [area, texts] of Object.entries(list)) {
  test(`all that the server says has a translation: ${area}`, () => {
    const left = texts.filter((text) => {
      const tried = area === "source" ? filled(text) : [text];
      return !english.some((e) => text.includes(e)) && tried.every((t) => unsaid(said(t)));
    });
    expect(left, "give these a pair in src/text/zh-CN/said").toEqual([]);
  });
}
