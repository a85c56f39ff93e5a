deb: $(B)/gongzhi
	B=$(B) packaging/make-deb
