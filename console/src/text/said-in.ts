import { useQuery } from "@tanstack/react-query";
import { useLooks } from "../app/looks";
import { translator } from "./said";

const asSaid = (said: string): string => said;

/** Gives what the server says, which is English, in the chosen language; what has no translation stays as it is. */
export function useSaid(): (said: string) => string {
  const { language } = useLooks();
  const { data } = useQuery({
    queryKey: ["said", language],
    enabled: language === "zh-CN",
    staleTime: Infinity,
    queryFn: async () => translator((await import("./zh-CN/said")).default),
  });
  return data ?? asSaid;
}
