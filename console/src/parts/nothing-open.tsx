import Button from "@cloudscape-design/components/button";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";
import { useText } from "../text";
import { coverageQuery } from "./fleet";
import { Empty } from "./problems";

/** Says that no exposure is open; where nothing was scanned yet, it says that, and what to do. */
export function NothingOpen({ title, text }: { title: string; text: string }) {
  const t = useText().summary;
  const navigate = useNavigate();
  const { data } = useQuery(coverageQuery);
  return data?.clusters === 0 ? (
    <Empty title={t.notScanned} action={<Button onClick={() => void navigate("/clusters")}>{t.toClusters}</Button>}>
      {t.notScannedText}
    </Empty>
  ) : (
    <Empty title={title}>{text}</Empty>
  );
}
