$(eval $(call program,sekisho,mgmt/cli,main.c args.c render.c table.c csv.c generate.c,mg-command sk,,$(PREFIX)/bin))
